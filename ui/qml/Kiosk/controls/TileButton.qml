// A way in: icon, what it is, and one line about it.
import QtQuick
import Kiosk

Touchable {
    id: tile

    property string icon
    property string title
    property string note

    text: note === "" ? title : title + "，" + note
    implicitHeight: Math.max(Theme.px(Theme.care ? 248 : 212), words.implicitHeight + Theme.px(56))

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: tile.pressed ? Theme.tint : Theme.surface
        border.width: Theme.outline
        border.color: Theme.care ? Theme.accent : Theme.hairline
    }
    Rectangle {
        id: mark
        anchors.left: parent.left
        anchors.leftMargin: Theme.px(Theme.care ? 24 : 36)
        anchors.verticalCenter: parent.verticalCenter
        width: Math.min(Theme.px(150), Math.max(Theme.px(104), tile.height * 0.42))
        height: width
        radius: Theme.px(24)
        color: Theme.tint

        Icon {
            anchors.centerIn: parent
            name: tile.icon
            size: Math.round(mark.width * 0.56)
        }
    }
    Column {
        id: words
        anchors.left: mark.right
        anchors.leftMargin: Theme.px(Theme.care ? 20 : 30)
        anchors.right: parent.right
        anchors.rightMargin: Theme.px(20)
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.px(8)

        Label {
            width: parent.width
            kind: "head"
            text: tile.title
            Accessible.ignored: true
        }
        Label {
            width: parent.width
            visible: tile.note !== ""
            kind: "note"
            text: tile.note
            Accessible.ignored: true
        }
    }
}
