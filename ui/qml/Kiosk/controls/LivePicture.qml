// What the camera sees, with the page's edges, and the sign that the camera is on: shown for as long as it captures, be
// there a picture yet or not.
import QtQuick
import Kiosk
import Kiosk.Models

Rectangle {
    id: frame

    readonly property string onText: qsTr("摄像头开着")
    property string word
    property string wordKind: "info"
    property string waitingText: qsTr("正在打开摄像头")

    implicitHeight: Theme.px(700)
    radius: Theme.radius
    color: "#1F242B"
    border.width: Theme.contrast ? Theme.outline : 0
    border.color: Theme.ink
    Accessible.role: Accessible.Graphic
    Accessible.name: Live.on ? onText : waitingText

    LivePictureItem {
        id: picture
        objectName: "live-picture"
        anchors.fill: parent
        anchors.margins: Theme.px(16)
        feed: Live.feed
        line: Theme.px(8)
    }
    Label {
        anchors.centerIn: parent
        visible: !picture.live
        width: parent.width - Theme.px(80)
        color: "#FFFFFF"
        text: frame.waitingText
        horizontalAlignment: Text.AlignHCenter
    }
    Rectangle {
        objectName: "camera-on"
        visible: Live.on
        x: Theme.px(28)
        y: Theme.px(28)
        width: sign.width + Theme.px(48)
        height: sign.height + Theme.px(20)
        radius: height / 2
        color: "#8F1C16"

        Row {
            id: sign
            anchors.centerIn: parent
            spacing: Theme.px(12)

            Icon {
                anchors.verticalCenter: parent.verticalCenter
                name: "camera"
                color: "#FFFFFF"
                size: Theme.px(44)
            }
            Label {
                kind: "note"
                color: "#FFFFFF"
                text: frame.onText
                wrapMode: Text.NoWrap
            }
        }
    }
    Rectangle {
        visible: frame.word !== ""
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.px(28)
        width: Math.min(said.implicitWidth + saidIcon.width + Theme.px(84), parent.width - Theme.px(56))
        height: said.height + Theme.px(36)
        radius: Math.min(height / 2, Theme.px(48))
        color: frame.wordKind === "good" ? "#145A37" : frame.wordKind === "wrong" ? "#8F1C16" : "#16232E"

        Icon {
            id: saidIcon
            x: Theme.px(32)
            anchors.verticalCenter: parent.verticalCenter
            name: frame.wordKind === "good" ? "circle-check" : frame.wordKind === "wrong" ? "alert-triangle" : "info-circle"
            color: "#FFFFFF"
            size: Theme.px(48)
        }
        Label {
            id: said
            objectName: "live-word"
            anchors.left: saidIcon.right
            anchors.leftMargin: Theme.px(16)
            anchors.right: parent.right
            anchors.rightMargin: Theme.px(32)
            anchors.verticalCenter: parent.verticalCenter
            color: "#FFFFFF"
            text: frame.word
        }
    }
}
