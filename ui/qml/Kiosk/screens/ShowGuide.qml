// Can I, what do I need, how long, what does it cost.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ShowGuideModel model

    title: model.title
    nextText: qsTr("开始办")
    onBack: model.back()
    onNext: model.next()

    PagedColumn {
        id: parts
        anchors.fill: parent
        model: screen.model.rows

        delegate: Item {
            id: part
            required property var modelData
            width: parts.width
            height: Math.max(Theme.px(104), lines.height) + Theme.px(20)

            Rectangle {
                id: mark
                width: Theme.px(88)
                height: width
                radius: Theme.px(22)
                color: Theme.tint

                Icon {
                    anchors.centerIn: parent
                    name: part.modelData.icon
                    size: Theme.px(52)
                }
            }
            Column {
                id: lines
                anchors.left: mark.right
                anchors.leftMargin: Theme.px(28)
                anchors.right: parent.right
                spacing: Theme.px(6)

                Label {
                    width: parent.width
                    kind: "head"
                    text: part.modelData.head
                }
                Repeater {
                    model: part.modelData.lines

                    Label {
                        required property string modelData
                        width: lines.width
                        color: Theme.ink2
                        text: modelData
                    }
                }
            }
        }
    }
}
