// Whose card is wanted, what became of it, and whether it is the right person.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property IdentifyModel model

    title: model.title
    subtitle: model.hint
    nextText: qsTr("对，就是")
    nextName: "confirm-person"
    nextVisible: model.known
    asideText: model.known ? qsTr("不是，换卡") : ""
    asideName: "another-card"
    onBack: model.back()
    onNext: model.confirm()
    onAside: model.another()

    Panel {
        id: found
        objectName: "private-person"
        visible: screen.model.known
        width: parent.width
        anchors.top: parent.top

        Column {
            width: found.width - 2 * found.padding
            spacing: Theme.px(20)

            Label {
                width: parent.width
                kind: "title"
                text: screen.model.found.name
            }
            Label {
                width: parent.width
                text: screen.model.found.sex + "　" + screen.model.found.born
            }
            Label {
                width: parent.width
                color: Theme.ink2
                text: screen.model.found.number
            }
        }
    }
    Item {
        visible: !screen.model.known
        anchors.fill: parent

        Rectangle {
            id: stage
            width: parent.width
            height: Math.min(parent.height - (band.visible ? band.height + Theme.gap : 0), Theme.px(Theme.landscape ? 420 : 560))
            radius: Theme.px(36)
            color: Theme.accent
            border.width: Theme.contrast ? Theme.outline : 0
            border.color: Theme.accentInk

            Rectangle {
                anchors.horizontalCenter: parent.horizontalCenter
                anchors.bottom: parent.bottom
                anchors.bottomMargin: parent.height * 0.12
                width: Math.min(parent.width * 0.6, parent.height * 1.1)
                height: parent.height * 0.14
                radius: height / 3
                color: Theme.contrast ? "#FFFFFF" : "#073650"
            }
            CardPicture {
                id: card
                anchors.horizontalCenter: parent.horizontalCenter
                y: parent.height * 0.12
                width: Math.min(parent.width * 0.46, parent.height * 0.72)
            }
            Icon {
                anchors.horizontalCenter: parent.horizontalCenter
                y: card.y + card.height + parent.height * 0.03
                name: "chevron-down"
                color: Theme.accentInk
                size: parent.height * 0.14
            }
        }
        NoticeBand {
            id: band
            anchors.top: stage.bottom
            anchors.topMargin: Theme.gap
            width: parent.width
            visible: screen.model.reading || screen.model.trouble.code !== ""
            kind: screen.model.reading ? "info" : "wrong"
            icon: screen.model.reading ? "hourglass" : "alert-triangle"
            text: screen.model.reading ? qsTr("正在读卡，请别拿走") : screen.model.trouble.message
            note: screen.model.reading ? "" : screen.model.trouble.remedy
        }
        Label {
            anchors.top: band.bottom
            anchors.topMargin: Theme.px(8)
            anchors.right: parent.right
            visible: band.visible && !screen.model.reading
            kind: "note"
            text: screen.model.trouble.code
        }
    }
}
