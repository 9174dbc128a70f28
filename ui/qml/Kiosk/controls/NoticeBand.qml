// A sentence that matters, with its icon. `kind` colours it, and the icon tells the same without colour.
import QtQuick
import Kiosk

Touchable {
    id: band

    property string icon: kind === "wrong" ? "alert-triangle" : kind === "good" ? "circle-check"
                          : kind === "notice" ? "speakerphone" : "bulb"
    property string note
    property string kind: "info"
    property bool touchable: false

    activeFocusOnTab: touchable
    Accessible.role: touchable ? Accessible.Button : Accessible.StaticText
    Accessible.name: note === "" ? text : text + "，" + note
    implicitHeight: Math.max(Theme.target, words.implicitHeight + Theme.px(56))

    Rectangle {
        anchors.fill: parent
        radius: Theme.px(24)
        color: band.kind === "wrong" ? Theme.wrongTint : band.kind === "good" ? Theme.goodTint
               : band.kind === "notice" ? Theme.notice : Theme.shade
        border.width: band.kind === "info" && !Theme.contrast ? 0 : Theme.outline
        border.color: band.kind === "wrong" ? Theme.wrong : band.kind === "good" ? Theme.good : Theme.noticeLine
    }
    Icon {
        id: mark
        anchors.left: parent.left
        anchors.leftMargin: Theme.px(36)
        anchors.verticalCenter: parent.verticalCenter
        name: band.icon
        size: Theme.px(60)
        color: band.kind === "wrong" ? Theme.wrong : band.kind === "good" ? Theme.good : Theme.accent
    }
    Column {
        id: words
        anchors.left: mark.right
        anchors.leftMargin: Theme.px(28)
        anchors.right: parent.right
        anchors.rightMargin: Theme.px(28)
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.px(6)

        Label {
            width: parent.width
            text: band.text
            color: band.kind === "wrong" ? Theme.wrong : band.kind === "good" ? Theme.good : Theme.ink
            Accessible.ignored: true
        }
        Label {
            width: parent.width
            visible: band.note !== ""
            kind: "strong"
            text: band.note
            color: band.kind === "wrong" ? Theme.wrong : band.kind === "good" ? Theme.good : Theme.ink
            Accessible.ignored: true
        }
    }
}
