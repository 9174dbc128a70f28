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
        height: Math.max(words.height + Theme.px(112), Theme.px(Theme.landscape ? 330 : 400))
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
            width: parent.width - x - art.width - Theme.px(72)
            anchors.verticalCenter: parent.verticalCenter
            spacing: Theme.px(20)

            Label {
                id: headline
                width: parent.width
                kind: "title"
                font.pixelSize: Theme.font(56)
                color: Theme.accentInk
                text: qsTr("放卡开始，或点这里")
            }
            Label {
                id: cards
                width: parent.width
                color: Theme.accentInk
                text: qsTr("社会保障卡放在读卡处。替家人办，也从这里开始。")
            }
        }
        CardPicture {
            id: art
            anchors.right: parent.right
            anchors.rightMargin: Theme.px(60)
            anchors.verticalCenter: parent.verticalCenter
            width: Theme.px(270)
            rotation: -8
        }
    }
    Column {
        anchors.top: begin.bottom
        anchors.topMargin: Theme.px(Theme.landscape ? 32 : 64)
        width: parent.width
        spacing: Theme.gap

        Label {
            width: parent.width
            kind: "head"
            text: qsTr("办过的，来看看")
        }
        Grid {
            id: tiles
            width: parent.width
            columns: Theme.care && !Theme.landscape ? 1 : 2
            spacing: Theme.gap

            TileButton {
                objectName: "find-by-card"
                width: (tiles.width - (tiles.columns - 1) * Theme.gap) / tiles.columns
                icon: "progress-check"
                title: qsTr("查进度")
                note: qsTr("放卡，凭条丢了也行")
                onActivated: screen.model.findByCard()
            }
            TileButton {
                objectName: "find-by-slip"
                width: (tiles.width - (tiles.columns - 1) * Theme.gap) / tiles.columns
                icon: "qrcode"
                title: qsTr("扫凭条")
                note: qsTr("凭条上的二维码")
                onActivated: screen.model.findBySlip()
            }
        }
    }
}
