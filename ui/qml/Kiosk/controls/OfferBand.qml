// Something the camera read: taken or refused by a touch, never filled in by itself.
import QtQuick
import Kiosk

Rectangle {
    id: band

    property string offer
    readonly property bool stacked: Theme.care || width < Theme.px(760)
    signal taken
    signal refused

    height: stacked ? words.height + take.height + Theme.px(56) : Math.max(words.height + Theme.px(28), take.height + Theme.px(32))
    radius: Theme.px(24)
    color: Theme.notice
    border.width: Theme.outline
    border.color: Theme.noticeLine

    Column {
        id: words
        x: Theme.px(32)
        y: band.stacked ? Theme.px(16) : (band.height - height) / 2
        width: band.stacked ? band.width - 2 * x : refuse.x - x - Theme.gap

        Label {
            width: parent.width
            kind: "note"
            text: qsTr("看到的是这个，要用吗？")
        }
        Label {
            objectName: "private-offer"
            width: parent.width
            kind: "strong"
            text: band.offer
        }
    }
    SecondaryButton {
        id: refuse
        objectName: "refuse-offer"
        x: band.stacked ? Theme.px(24) : take.x - width - Theme.px(16)
        y: take.y
        width: band.stacked ? (band.width - 3 * Theme.px(24)) / 2 : Theme.px(150)
        height: Theme.target
        fontSize: Theme.font(34)
        text: qsTr("不是")
        onActivated: band.refused()
    }
    PrimaryButton {
        id: take
        objectName: "take-offer"
        x: band.width - width - Theme.px(24)
        y: band.stacked ? words.y + words.height + Theme.px(16) : (band.height - height) / 2
        width: band.stacked ? refuse.width : Theme.px(230)
        height: Theme.target
        fontSize: Theme.font(36)
        text: qsTr("用这个")
        onActivated: band.taken()
    }
}
