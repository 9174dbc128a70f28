// Can I, what do I need, how long, what does it cost.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ShowGuideModel model

    title: model.title
    reach: false
    nextText: qsTr("开始办")
    onBack: model.back()
    onNext: model.next()

    PagedColumn {
        id: parts
        anchors.fill: parent
        spacing: Theme.px(Theme.landscape ? 16 : 24)
        model: screen.model.rows

        delegate: Rectangle {
            id: part
            required property var modelData
            width: parts.width
            height: Math.max(mark.y + mark.height, head.y + head.height, lines.y + lines.height) + pad
            readonly property real pad: Theme.px(Theme.landscape ? 14 : 30)
            radius: Theme.radius
            color: Theme.surface
            border.width: Theme.outline
            border.color: Theme.hairline

            Rectangle {
                id: mark
                x: Theme.px(32)
                y: part.pad
                width: Theme.px(Theme.landscape ? 88 : 104)
                height: width
                radius: Theme.px(24)
                color: Theme.tint

                Icon {
                    anchors.centerIn: parent
                    name: part.modelData.icon
                    size: Math.round(parent.width * 0.58)
                }
            }
            Label {
                id: head
                x: mark.x + mark.width + Theme.px(28)
                y: part.pad + (Theme.landscape ? Theme.px(8) : 0)
                width: Theme.landscape ? Theme.px(Theme.care ? 280 : 200) : part.width - x - Theme.px(28)
                kind: "head"
                text: part.modelData.head
            }
            Column {
                id: lines
                x: Theme.landscape ? head.x + head.width + Theme.px(24) : head.x
                y: Theme.landscape ? part.pad + Theme.px(14) : head.y + head.height + Theme.px(8)
                width: part.width - x - Theme.px(28)
                spacing: Theme.px(Theme.landscape ? 2 : 8)

                Repeater {
                    model: part.modelData.lines

                    Label {
                        required property string modelData
                        width: lines.width
                        color: Theme.ink2
                        font.pixelSize: Theme.landscape && Theme.care ? Theme.noteSize : Theme.bodySize
                        text: modelData
                    }
                }
            }
        }
    }
}
