// What will be read, photographed and sent. Nothing is agreed to beforehand.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property AskConsentModel model

    title: qsTr("先请您同意")
    subtitle: qsTr("同意了才会读卡。")
    reach: false
    nextText: qsTr("我同意，继续")
    nextName: "agree"
    onBack: model.back()
    onNext: model.agree()

    PagedColumn {
        id: points
        anchors.fill: parent
        model: screen.model.points

        delegate: Rectangle {
            id: point
            required property string modelData
            required property int index
            width: points.width
            height: Math.max(mark.height, words.height) + Theme.px(72)
            radius: Theme.radius
            color: Theme.surface
            border.width: Theme.outline
            border.color: Theme.hairline

            Rectangle {
                id: mark
                x: Theme.px(32)
                anchors.verticalCenter: parent.verticalCenter
                width: Theme.px(Theme.care ? 96 : 76)
                height: width
                radius: width / 2
                color: Theme.tint

                Label {
                    anchors.centerIn: parent
                    kind: "strong"
                    color: Theme.accent
                    text: String(point.index + 1)
                    lineHeight: 1.0
                }
            }
            Label {
                id: words
                anchors.left: mark.right
                anchors.leftMargin: Theme.px(28)
                anchors.right: parent.right
                anchors.rightMargin: Theme.px(28)
                anchors.verticalCenter: parent.verticalCenter
                text: point.modelData
            }
        }
    }
}
