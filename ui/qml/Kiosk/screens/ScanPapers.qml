// One material under the camera: live picture with the paper's edge, advice in words, and the pages taken.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ScanPapersModel model
    readonly property bool broken: model.trouble.code !== ""

    title: model.title
    subtitle: model.hint
    warning: model.another
    warningKind: "notice"
    reach: false
    nextText: model.adding ? qsTr("手动拍照") : qsTr("清楚，下一步")
    nextName: model.adding ? "shoot" : "next"
    nextIcon: model.adding ? "camera" : ""
    nextEnabled: model.adding ? !model.shooting && !broken : model.enough
    asideText: model.canAdd ? qsTr("再拍一页") : ""
    asideName: "add-page"
    onBack: model.back()
    onNext: model.adding ? model.shoot() : model.next()
    onAside: model.add()

    LivePicture {
        id: live
        objectName: "private-live"
        readonly property real below: (screen.broken ? wrong.height : advice.height) + Theme.gap
                                      + (papers.visible ? papers.height + Theme.px(32) : 0)
        visible: screen.model.adding
        width: parent.width
        height: Math.min(parent.height - below, width * 0.8)
    }
    NoticeBand {
        id: advice
        objectName: "advice"
        visible: screen.model.adding && !screen.broken
        anchors.top: live.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        kind: screen.model.adviceKind
        text: screen.model.advice
    }
    TroubleBand {
        id: wrong
        visible: screen.model.adding && screen.broken
        anchors.top: live.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        trouble: screen.model.trouble
    }
    Column {
        id: papers
        visible: screen.model.adding && !Theme.landscape && !Theme.care
        y: live.height + live.below - height
        width: parent.width
        spacing: Theme.px(12)

        Repeater {
            model: papers.visible ? screen.model.papers : []

            delegate: Rectangle {
                id: paper
                required property var modelData
                readonly property bool now: modelData.state === "now"
                width: papers.width
                height: Theme.px(96)
                radius: Theme.px(20)
                color: Theme.surface
                border.width: now ? Math.max(2, Theme.px(4)) : Theme.outline
                border.color: now ? Theme.accent : Theme.hairline

                Icon {
                    id: mark
                    x: Theme.px(36)
                    anchors.verticalCenter: parent.verticalCenter
                    name: paper.now ? "scan" : paper.modelData.state === "done" ? "circle-check" : "file-text"
                    color: paper.modelData.state === "done" ? Theme.good : Theme.accent
                    size: Theme.px(52)
                }
                Label {
                    anchors.left: mark.right
                    anchors.leftMargin: Theme.px(28)
                    anchors.right: count.left
                    anchors.rightMargin: Theme.px(20)
                    anchors.verticalCenter: parent.verticalCenter
                    kind: paper.now ? "strong" : "body"
                    text: paper.modelData.name
                }
                Label {
                    id: count
                    anchors.right: parent.right
                    anchors.rightMargin: Theme.px(36)
                    anchors.verticalCenter: parent.verticalCenter
                    kind: "note"
                    text: paper.modelData.count
                    wrapMode: Text.NoWrap
                }
            }
        }
    }
    Pager {
        id: taken
        objectName: "private-pages"
        anchors.fill: parent
        visible: !screen.model.adding
        model: visible ? screen.model.pages : []
        columns: model.length > 1 ? 2 : 1
        rowHeight: model.length > 2 ? Math.max(Theme.px(400), Math.min(Theme.px(560), height - turnHeight - Theme.gap))
                                    : Math.min(height, Theme.px(980))

        delegate: Panel {
            id: page
            required property string modelData
            required property int index
            readonly property int number: taken.at * taken.shown + index
            width: taken.cellWidth
            height: taken.rowHeight
            padding: Theme.px(20)

            Image {
                width: page.width - 2 * page.padding
                height: page.height - 2 * page.padding - remove.height - Theme.px(16)
                fillMode: Image.PreserveAspectFit
                source: page.modelData
                asynchronous: false
                cache: false // nothing of a resident outlives the screen
                Accessible.role: Accessible.Graphic
                Accessible.name: qsTr("第 %1 页").arg(page.number + 1)
            }
            SecondaryButton {
                id: remove
                objectName: "remove-" + page.number
                width: page.width - 2 * page.padding
                y: page.height - 2 * page.padding - height
                height: Theme.target
                icon: "trash"
                fontSize: Theme.font(34)
                text: qsTr("不要这页")
                onActivated: screen.model.remove(page.number)
            }
        }
    }
}
