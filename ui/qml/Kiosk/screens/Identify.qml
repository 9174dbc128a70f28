// Whose card is wanted, what became of it, and whether it is the right person.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property IdentifyModel model
    readonly property bool said: model.reading || model.trouble.code !== ""

    title: model.title
    subtitle: model.hint
    reach: false
    nextText: qsTr("对，就是")
    nextName: "confirm-person"
    nextVisible: model.known
    asideText: model.known ? qsTr("不是，换卡") : qsTr("让摄像头看证件")
    asideName: model.known ? "another-card" : "use-camera"
    asideIcon: model.known ? "" : "camera"
    asideVisible: model.known || model.closed
    onBack: model.back()
    onNext: model.confirm()
    onAside: model.known ? model.another() : model.useCamera()

    Panel {
        id: found
        objectName: "private-person"
        visible: screen.model.known
        width: parent.width
        height: Math.min(parent.height, Math.max(person.height + 2 * padding, Theme.px(Theme.landscape ? 560 : 720)))

        Column {
            id: person
            width: found.width - 2 * found.padding
            y: (found.height - 2 * found.padding - height) / 2
            spacing: Theme.px(24)

            Rectangle {
                anchors.horizontalCenter: parent.horizontalCenter
                width: Theme.px(Theme.landscape ? 150 : 200)
                height: width
                radius: width / 2
                color: Theme.tint

                Icon {
                    anchors.centerIn: parent
                    name: "user"
                    size: Math.round(parent.width * 0.58)
                }
            }
            Label {
                objectName: "person-name"
                width: parent.width
                kind: "title"
                font.pixelSize: Theme.font(80)
                text: screen.model.found.name
                horizontalAlignment: Text.AlignHCenter
            }
            Label {
                width: parent.width
                font.pixelSize: Theme.headSize
                text: screen.model.found.sex + "　" + screen.model.found.born
                horizontalAlignment: Text.AlignHCenter
            }
            Label {
                objectName: "person-number"
                width: parent.width
                font.pixelSize: Theme.headSize
                fontSizeMode: Text.HorizontalFit
                minimumPixelSize: Theme.px(32)
                wrapMode: Text.NoWrap
                color: Theme.ink2
                text: screen.model.found.number
                horizontalAlignment: Text.AlignHCenter
            }
        }
    }
    CardStage {
        id: stage
        visible: !screen.model.known
        width: parent.width
        height: Math.min(parent.height - (screen.said ? Math.max(reading.height, wrong.height) + Theme.gap : 0),
                         Theme.px(860))
    }
    NoticeBand {
        id: reading
        objectName: "reading"
        anchors.top: stage.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        visible: !screen.model.known && screen.model.reading
        icon: "hourglass"
        text: qsTr("正在读卡，请别拿走")
    }
    TroubleBand {
        id: wrong
        anchors.top: stage.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        visible: !screen.model.known && !screen.model.reading && screen.said
        trouble: screen.model.trouble
    }
}
