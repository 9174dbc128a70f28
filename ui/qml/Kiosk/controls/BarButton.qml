// One of the always-there things in the bottom bar.
import QtQuick
import Kiosk

Touchable {
    id: button

    property string icon
    property bool on: false

    Rectangle {
        anchors.fill: parent
        radius: Theme.px(22)
        color: button.pressed || button.on ? Theme.tint : Theme.shade
        border.width: button.on ? Math.max(2, Theme.px(5)) : Theme.contrast ? Theme.outline : 0
        border.color: Theme.accent
    }
    Column {
        anchors.centerIn: parent
        width: parent.width - Theme.px(12)
        spacing: Theme.px(4)

        Icon {
            anchors.horizontalCenter: parent.horizontalCenter
            name: button.icon
            size: Theme.px(Theme.care ? 52 : 48)
        }
        Label {
            width: parent.width
            height: Math.min(implicitHeight, button.height - Theme.px(72))
            kind: "note"
            color: Theme.ink
            text: button.text
            fontSizeMode: Text.Fit
            minimumPixelSize: Theme.px(28)
            horizontalAlignment: Text.AlignHCenter
            verticalAlignment: Text.AlignVCenter
            lineHeight: 0.95
            Accessible.ignored: true
        }
    }
}
