// For hall staff: what is held with its reason, its remedy and a way to send it again; then how far those that wait have come.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property StaffViewModel model

    title: model.title
    subtitle: model.waiting
    reach: false
    backText: qsTr("关闭")
    backIcon: "x"
    nextVisible: false
    onBack: model.back()

    PagedColumn {
        id: list
        anchors.fill: parent
        model: screen.model.rows

        delegate: Rectangle {
            id: row
            required property var modelData
            required property int index
            width: list.width
            height: words.height + (Theme.landscape || !again.visible ? 0 : again.height + Theme.px(20)) + Theme.px(48)
            radius: Theme.radius
            color: Theme.surface
            border.width: Theme.outline
            border.color: Theme.hairline

            Column {
                id: words
                x: Theme.px(32)
                y: Theme.px(24)
                width: parent.width - 2 * x - (Theme.landscape && again.visible ? again.width + Theme.gap : 0)
                spacing: Theme.px(4)

                Label {
                    width: parent.width
                    kind: "strong"
                    text: row.modelData.number
                }
                Label {
                    width: parent.width
                    kind: "note"
                    visible: text !== ""
                    // The number says the day, too.
                    text: Theme.care ? row.modelData.known : [row.modelData.known, row.modelData.created].filter(part => part !== "").join(" · ")
                }
                Label {
                    width: parent.width
                    kind: Theme.care ? "note" : "body"
                    visible: text !== ""
                    color: Theme.wrong
                    text: row.modelData.reason
                }
                Label {
                    width: parent.width
                    kind: Theme.care ? "note" : "body"
                    color: Theme.ink
                    text: row.modelData.moving || row.modelData.remedy
                }
            }
            SecondaryButton {
                id: again
                objectName: "send-again-" + row.index
                visible: row.modelData.moving === ""
                enabled: !row.modelData.sent
                x: Theme.landscape ? row.width - width - Theme.px(32) : words.x
                y: Theme.landscape ? (row.height - height) / 2 : words.y + words.height + Theme.px(20)
                width: Theme.landscape ? Theme.px(Theme.care ? 360 : 300) : row.width - 2 * words.x
                height: Theme.target
                icon: row.modelData.sent ? "check" : "refresh"
                fontSize: Theme.font(36)
                text: row.modelData.sent ? qsTr("正在报送") : qsTr("重新报送")
                onActivated: screen.model.sendAgain(row.modelData.uid)
            }
        }
    }
}
