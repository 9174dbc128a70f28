// One of several answers. Chosen is told by the filled circle, the thick edge and the word read aloud, not by colour.
import QtQuick
import Kiosk

Touchable {
    id: card

    property string label
    property string note
    property bool selected: false
    property bool boxed: true
    property string icon

    text: note === "" ? label : label + "，" + note
    checkable: boxed
    checked: selected
    implicitHeight: Math.max(Theme.px(Theme.care ? 152 : 120), one.implicitHeight + (words.side || note === "" ? 0 : two.implicitHeight) + Theme.px(40))

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: card.selected || card.pressed ? Theme.tint : Theme.surface
        border.width: card.selected ? Math.max(2, Theme.px(6)) : Theme.outline
        border.color: card.selected || Theme.care ? Theme.accent : Theme.hairline
    }
    Rectangle {
        id: circle
        anchors.left: parent.left
        anchors.leftMargin: Theme.px(36)
        anchors.verticalCenter: parent.verticalCenter
        width: card.boxed || card.icon !== "" ? Theme.px(Theme.care ? 76 : 56) : 0
        height: width
        radius: width / 2
        visible: width > 0
        color: card.icon !== "" ? "transparent" : card.selected ? Theme.accent : Theme.surface
        border.width: card.icon !== "" ? 0 : Math.max(2, Theme.px(4))
        border.color: card.selected || Theme.care ? Theme.accent : Theme.line

        Icon {
            anchors.centerIn: parent
            visible: card.selected || card.icon !== ""
            name: card.icon !== "" ? card.icon : "check"
            color: card.icon !== "" ? Theme.accent : Theme.accentInk
            size: card.icon !== "" ? circle.width : Math.round(circle.width * 0.7)
        }
    }
    Grid {
        id: words
        readonly property bool side: one.implicitWidth + two.implicitWidth + Theme.px(80) <= width
        anchors.left: circle.right
        anchors.leftMargin: Theme.px(circle.visible ? 36 : 0)
        anchors.right: parent.right
        anchors.rightMargin: Theme.px(28)
        anchors.verticalCenter: parent.verticalCenter
        columns: side ? 2 : 1
        columnSpacing: Theme.px(48)
        rowSpacing: Theme.px(4)
        verticalItemAlignment: Grid.AlignVCenter

        Label {
            id: one
            kind: "head"
            text: card.label
            width: words.side && card.note !== "" ? Math.max(implicitWidth, Math.min(Theme.px(Theme.care ? 300 : 210), words.width - two.implicitWidth - Theme.px(60))) : words.width
            height: Math.min(implicitHeight, card.height - Theme.px(16) - (words.side || card.note === "" ? 0 : two.height))
            fontSizeMode: Text.Fit
            lineHeight: 0.95
            minimumPixelSize: Theme.px(32)
            verticalAlignment: Text.AlignVCenter
            Accessible.ignored: true
        }
        Label {
            id: two
            kind: "note"
            visible: card.note !== ""
            text: card.note
            width: words.side ? implicitWidth : words.width
            color: Theme.good
            Accessible.ignored: true
        }
    }
}
