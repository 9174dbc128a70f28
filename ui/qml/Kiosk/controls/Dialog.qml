// A question laid over the screen. Nothing beneath can be touched while it is there.
import QtQuick
import Kiosk

Item {
    id: dialog

    property string title
    property string text
    property string icon: "info-circle"
    default property alias content: buttons.data

    Accessible.role: Accessible.Dialog
    Accessible.name: title

    Rectangle {
        anchors.fill: parent
        color: Theme.scrim
    }
    MouseArea {
        anchors.fill: parent
        acceptedButtons: Qt.AllButtons
        hoverEnabled: true
        preventStealing: true
    }
    Rectangle {
        objectName: "dialog"
        width: Math.min(dialog.width - Theme.px(96), Theme.px(Theme.landscape ? 1240 : 984))
        height: card.implicitHeight + Theme.px(112)
        x: (dialog.width - width) / 2
        y: Theme.landscape ? (dialog.height - height) / 2 : Math.max(Theme.topBar, (dialog.height - height) * 0.6)
        radius: Theme.px(36)
        color: Theme.surface
        border.width: Theme.contrast ? Theme.px(6) : 0
        border.color: Theme.ink

        Column {
            id: card
            x: Theme.px(56)
            y: Theme.px(56)
            width: parent.width - 2 * x
            spacing: Theme.px(28)

            Rectangle {
                anchors.horizontalCenter: parent.horizontalCenter
                width: Theme.px(136)
                height: width
                radius: width / 2
                color: Theme.tint
                border.width: Theme.contrast ? Theme.outline : 0
                border.color: Theme.ink

                Icon {
                    anchors.centerIn: parent
                    name: dialog.icon
                    size: Theme.px(80)
                }
            }
            Label {
                width: parent.width
                kind: "title"
                text: dialog.title
                horizontalAlignment: Text.AlignHCenter
            }
            Label {
                width: parent.width
                visible: text !== ""
                text: dialog.text
                color: Theme.ink2
                horizontalAlignment: Text.AlignHCenter
            }
            Column {
                id: buttons
                width: parent.width
                topPadding: Theme.px(12)
                spacing: Theme.gap
            }
        }
    }
}
