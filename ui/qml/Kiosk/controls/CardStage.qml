// The place where the card is laid, and the card above it: as it must be laid, chip first.
import QtQuick
import Kiosk

Rectangle {
    id: stage

    radius: Theme.px(36)
    color: Theme.contrast ? Theme.surface : Theme.accent
    border.width: Theme.contrast ? Theme.outline : 0
    border.color: Theme.ink
    Accessible.role: Accessible.Graphic
    Accessible.name: qsTr("放卡的地方")

    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.bottom: parent.bottom
        anchors.bottomMargin: parent.height * 0.1
        width: card.width * 1.3
        height: parent.height * 0.13
        radius: height / 3
        color: Theme.contrast ? Theme.accent : "#073650"
    }
    CardPicture {
        id: card
        anchors.horizontalCenter: parent.horizontalCenter
        y: parent.height * 0.12
        width: Math.min(parent.width * 0.62, parent.height * 0.78)
    }
    Icon {
        anchors.horizontalCenter: parent.horizontalCenter
        y: card.y + card.height + (parent.height * 0.77 - card.y - card.height - height) / 2
        name: "chevron-down"
        color: Theme.contrast ? Theme.ink : Theme.accentInk
        size: parent.height * 0.13
    }
}
