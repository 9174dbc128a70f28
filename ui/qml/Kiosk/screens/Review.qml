// Everything once more; each line can be changed in place.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ReviewModel model

    title: qsTr("请核对一遍")
    subtitle: qsTr("不对的，点右边改。")
    nextText: qsTr("没错，去签名")
    onBack: model.back()
    onNext: model.next()

    PagedColumn {
        id: lines
        anchors.fill: parent
        spacing: Theme.px(16)
        widest: Theme.px(28)
        model: screen.model.rows

        delegate: Rectangle {
            id: line
            required property var modelData
            width: lines.width
            height: Math.max(Theme.target + Theme.px(Theme.landscape ? 8 : 24), words.height + Theme.px(Theme.landscape ? 16 : 32))
            radius: Theme.radius
            color: Theme.surface
            border.width: Theme.outline
            border.color: Theme.hairline

            // Question and answer stand one below the other; in landscape side by side.
            Grid {
                id: words
                readonly property real room: parent.width - x - (change.visible ? change.width + Theme.px(36) : Theme.px(32))
                readonly property real asked: (parent.width - x - change.width - spacing) * 0.42
                x: Theme.px(32)
                anchors.verticalCenter: parent.verticalCenter
                columns: Theme.landscape ? 2 : 1
                spacing: Theme.px(Theme.landscape ? 24 : 2)
                verticalItemAlignment: Grid.AlignVCenter

                Label {
                    width: Theme.landscape ? words.asked : words.room
                    kind: "note"
                    text: line.modelData.label
                }
                Label {
                    objectName: "private-value"
                    width: Theme.landscape ? words.room - words.asked - words.spacing : words.room
                    kind: "strong"
                    text: line.modelData.value
                }
            }
            SecondaryButton {
                id: change
                objectName: "edit-" + line.modelData.id
                visible: line.modelData.id !== ""
                anchors.right: parent.right
                anchors.rightMargin: Theme.px(12)
                anchors.verticalCenter: parent.verticalCenter
                height: Theme.target
                width: Math.max(Theme.px(Theme.care ? 220 : 170), implicitWidth - Theme.px(30))
                icon: "pencil"
                fontSize: Theme.font(34)
                text: qsTr("改")
                onActivated: screen.model.edit(line.modelData.id)
            }
        }
    }
}
