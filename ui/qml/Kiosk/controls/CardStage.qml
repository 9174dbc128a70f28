// The place where the card or document is laid, and it above: as it must be laid.
import QtQuick
import Kiosk

Rectangle {
    id: stage

    property bool document: false
    readonly property Item laid: document ? book : card

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
        width: stage.laid.width * 1.3
        height: parent.height * 0.13
        radius: height / 3
        color: Theme.contrast ? Theme.accent : "#073650"
    }
    CardPicture {
        id: card
        visible: !stage.document
        anchors.horizontalCenter: parent.horizontalCenter
        y: parent.height * 0.12
        width: Math.min(parent.width * 0.62, parent.height * 0.78)
    }
    DocumentPicture {
        id: book
        visible: stage.document
        anchors.horizontalCenter: parent.horizontalCenter
        y: parent.height * 0.08
        width: Math.min(parent.width * 0.4, parent.height * 0.38)
    }
    Icon {
        anchors.horizontalCenter: parent.horizontalCenter
        y: stage.laid.y + stage.laid.height + (parent.height * 0.77 - stage.laid.y - stage.laid.height - height) / 2
        name: "chevron-down"
        color: Theme.contrast ? Theme.ink : Theme.accentInk
        size: parent.height * 0.13
    }
}
