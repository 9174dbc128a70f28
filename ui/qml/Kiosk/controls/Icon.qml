// A line icon of the one set (Tabler, MIT), drawn in the asked colour by ui/icons.py.
import QtQuick
import Kiosk

Item {
    id: icon

    property string name
    property color color: Theme.accent
    property real size: Theme.px(56)

    implicitWidth: size
    implicitHeight: size

    Image {
        anchors.centerIn: parent
        width: icon.size
        height: icon.size
        sourceSize: Qt.size(icon.size, icon.size)
        source: icon.name === "" ? "" : "image://icon/" + icon.name + "/" + icon.color.toString().slice(1)
        asynchronous: false
    }
}
