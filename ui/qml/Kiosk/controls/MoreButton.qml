// "More": the next part of a list. Nothing is reached by swiping only.
import QtQuick
import Kiosk

Touchable {
    id: button

    property string icon: "chevron-right"

    implicitHeight: Math.max(Theme.target, Theme.px(Theme.care ? 136 : 108))
    implicitWidth: words.implicitWidth + Theme.px(160)

    Rectangle {
        anchors.fill: parent
        radius: Theme.px(24)
        color: button.pressed ? Theme.tint : "transparent"
        border.width: Theme.outline
        border.color: button.enabled ? Theme.line : Theme.hairline
    }
    Label {
        id: words
        anchors.centerIn: parent
        width: Math.min(implicitWidth, button.width - Theme.px(140))
        height: Math.min(implicitHeight, button.height - Theme.px(8))
        fontSizeMode: Text.Fit
        minimumPixelSize: Theme.px(32)
        lineHeight: 0.9
        verticalAlignment: Text.AlignVCenter
        text: button.text
        color: Theme.accent
        horizontalAlignment: Text.AlignHCenter
        Accessible.ignored: true
    }
    Icon {
        anchors.verticalCenter: parent.verticalCenter
        anchors.left: words.right
        anchors.leftMargin: Theme.px(14)
        name: button.icon
        size: Theme.px(44)
    }
}
