// @tus/server as its documentation shows it; uploads are named by whoever creates them.
// Arguments: the folder with node_modules, the folder for uploads, the port.
import { createRequire } from "node:module";

const [, , packages, folder, port] = process.argv;
const require = createRequire(`${packages}/`);
const { Server } = require("@tus/server");
const { FileStore } = require("@tus/file-store");

const server = new Server({
    path: "/v1/attachments",
    datastore: new FileStore({ directory: folder }),
    namingFunction: (_request, metadata) => metadata.id,
});
server.listen({ host: "127.0.0.1", port: Number(port) }, () => console.log("listening"));
