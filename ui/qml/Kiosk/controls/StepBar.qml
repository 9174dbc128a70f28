// Where in the way one is: done, now, still to come. Where the words do not all fit, only the present step has its word.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk

Item {
    id: bar

    property var steps: []
    readonly property bool full: ruler.implicitWidth + steps.length * Theme.px(Theme.care ? 74 : 60)
                                 + Math.max(0, steps.length - 1) * Theme.px(44) <= width

    Accessible.role: Accessible.StaticText
    Accessible.name: steps.map(step => step.title).join("，")

    Text {
        id: ruler
        visible: false
        font.family: Theme.family
        font.bold: true
        font.pixelSize: Theme.font(32)
        text: bar.steps.map(step => step.title).join("")
    }

    Row {
        anchors.centerIn: parent
        spacing: Theme.px(12)

        Repeater {
            model: bar.steps

            delegate: Row {
                id: step
                required property var modelData
                required property int index
                readonly property bool now: modelData.state === "now"
                readonly property bool done: modelData.state === "done"
                spacing: Theme.px(12)

                Rectangle {
                    visible: step.index > 0
                    anchors.verticalCenter: parent.verticalCenter
                    width: Theme.px(bar.full ? 24 : 44)
                    height: Theme.px(3)
                    color: Theme.line
                }
                Rectangle {
                    anchors.verticalCenter: parent.verticalCenter
                    width: Theme.px(Theme.care ? 60 : 46)
                    height: width
                    radius: width / 2
                    color: step.now ? Theme.accent : step.done ? Theme.good : Theme.surface
                    border.width: step.now || step.done ? 0 : Theme.px(2)
                    border.color: Theme.line

                    Label {
                        anchors.centerIn: parent
                        visible: !step.done
                        kind: "strong"
                        text: String(step.index + 1)
                        color: step.now ? Theme.accentInk : Theme.ink2
                        font.pixelSize: Theme.px(Theme.care ? 40 : 32)
                        lineHeight: 1.0
                    }
                    Icon {
                        anchors.centerIn: parent
                        visible: step.done
                        name: "check"
                        color: Theme.goodInk
                        size: Theme.px(Theme.care ? 42 : 32)
                    }
                }
                Label {
                    anchors.verticalCenter: parent.verticalCenter
                    visible: bar.full || step.now
                    kind: step.now ? "strong" : "note"
                    text: step.modelData.title
                    color: step.now ? Theme.accent : Theme.ink2
                    font.pixelSize: Theme.font(32)
                    wrapMode: Text.NoWrap
                }
            }
        }
    }
}
