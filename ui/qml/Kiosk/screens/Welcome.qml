// Nobody is served: what can be done here, and how to begin.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property WelcomeModel model

    title: qsTr("您好，今天要办什么？")
    subtitle: qsTr("放上社会保障卡就能开始，不会打字也能办。")
    backVisible: false
    nextVisible: false

    Touchable {
        id: begin
        objectName: "begin"
        width: parent.width
        height: parent.height - others.height - Theme.px(Theme.landscape ? 32 : 56)
        readonly property bool roomy: headline.height + cards.implicitHeight + Theme.px(84) <= height
        text: headline.text + "，" + cards.text
        onActivated: screen.model.begin()

        Rectangle {
            anchors.fill: parent
            radius: Theme.px(36)
            color: begin.pressed ? Theme.accentPressed : Theme.accent
        }
        Column {
            id: words
            x: Theme.px(64)
            width: parent.width - x - art.width - Theme.px(Theme.care ? 84 : 108)
            anchors.verticalCenter: parent.verticalCenter
            spacing: Theme.px(20)

            Label {
                id: headline
                width: parent.width
                kind: "title"
                font.pixelSize: Theme.font(Theme.care ? 52 : 60)
                color: Theme.accentInk
                text: qsTr("放卡，或点这里")
            }
            Label {
                id: cards
                width: parent.width
                visible: begin.roomy
                color: Theme.accentInk
                text: qsTr("社会保障卡放在读卡处。替家人办，也从这里开始。")
            }
        }
        CardPicture {
            id: art
            anchors.right: parent.right
            anchors.rightMargin: Theme.px(60)
            anchors.verticalCenter: parent.verticalCenter
            width: Theme.px(Theme.care && !Theme.landscape ? 230 : 320)
            rotation: -8
        }
    }
    Column {
        id: others
        anchors.bottom: parent.bottom
        width: parent.width
        spacing: Theme.gap

        Label {
            width: parent.width
            visible: !(Theme.landscape && Theme.care)
            kind: "head"
            text: qsTr("办过的，来看看")
        }
        Row {
            id: tiles
            width: parent.width
            spacing: Theme.gap
            readonly property real each: (width - spacing) / 2
            readonly property real tall: Math.max(Theme.px(Theme.landscape ? 180 : 232), card.implicitHeight, slip.implicitHeight)

            TileButton {
                id: card
                objectName: "find-by-card"
                width: tiles.each
                height: tiles.tall
                icon: "progress-check"
                title: qsTr("查进度")
                note: Theme.care ? "" : qsTr("凭条丢了也行")
                onActivated: screen.model.findByCard()
            }
            TileButton {
                id: slip
                objectName: "find-by-slip"
                width: tiles.each
                height: tiles.tall
                icon: "qrcode"
                title: qsTr("扫凭条")
                note: Theme.care ? "" : qsTr("凭条上的二维码")
                onActivated: screen.model.findBySlip()
            }
        }
        NoticeBand {
            width: parent.width
            visible: !Theme.landscape && !Theme.care
            kind: "notice"
            icon: "headset"
            text: qsTr("不会用没关系，点下面的“叫人帮忙”。")
        }
    }
}
