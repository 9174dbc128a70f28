// What happened, what to do now, and for staff the code, small in the corner below.
import QtQuick
import Kiosk

Item {
    id: band

    property var trouble: ({
            message: "",
            remedy: "",
            code: ""
        })

    height: said.height + code.height + Theme.px(6)

    NoticeBand {
        id: said
        objectName: "trouble"
        width: parent.width
        kind: "wrong"
        text: band.trouble.message
        note: band.trouble.remedy
    }
    Label {
        id: code
        anchors.right: parent.right
        anchors.bottom: parent.bottom
        kind: "note"
        text: band.trouble.code
        font.pixelSize: Theme.px(32)
        wrapMode: Text.NoWrap
    }
}
