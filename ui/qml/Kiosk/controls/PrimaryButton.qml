// The one thing most people will do next.
import QtQuick
import Kiosk

Touchable {
    id: button

    property string icon
    property int fontSize: Theme.font(46)

    implicitWidth: row.implicitWidth + Theme.px(96)
    implicitHeight: Math.max(Theme.target, Theme.px(Theme.care ? 152 : 128))

    Rectangle {
        anchors.fill: parent
        radius: Theme.px(24)
        color: !button.enabled ? Theme.shade : button.pressed ? Theme.accentPressed : Theme.accent
        border.width: button.enabled ? 0 : Theme.outline
        border.color: Theme.line
    }

    Row {
        id: row
        anchors.centerIn: parent
        spacing: Theme.px(18)

        Icon {
            anchors.verticalCenter: parent.verticalCenter
            visible: button.icon !== ""
            name: button.icon
            size: button.icon === "" ? 0 : Math.round(button.fontSize * 1.15)
            color: words.color
        }
        Label {
            id: words
            anchors.verticalCenter: parent.verticalCenter
            kind: "strong"
            text: button.text
            width: Math.min(implicitWidth, button.width - Theme.px(40) - (button.icon === "" ? 0 : button.fontSize * 1.6))
            height: Math.min(implicitHeight, button.height - Theme.px(8))
            color: button.enabled ? Theme.accentInk : Theme.ink2
            font.pixelSize: button.fontSize
            fontSizeMode: Text.Fit
            minimumPixelSize: Theme.px(32)
            horizontalAlignment: Text.AlignHCenter
            verticalAlignment: Text.AlignVCenter
            lineHeight: 1.0
            Accessible.ignored: true
        }
    }
}
