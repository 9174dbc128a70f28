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
    asideText: model.addText
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
        implicitHeight: 0 // it takes the room there is; rows as high as that room would ask for themselves
        visible: !screen.model.adding
        model: visible ? screen.model.pages : []
        // Three buttons and their page high at least: two pages to a screen where there is room for that.
        readonly property real alone: height - turnHeight - Theme.gap
        readonly property real half: Math.floor((alone - Theme.gap) / 2)
        rowHeight: model.length < 2 ? Math.min(height, Theme.px(980))
                                    : half < 3 * Theme.target + Theme.px(2 * 16 + 40) ? alone : half

        delegate: Panel {
            id: page
            required property var modelData
            required property int index
            readonly property int number: taken.at * taken.shown + index
            readonly property real innerWidth: width - 2 * padding
            readonly property real innerHeight: height - 2 * padding
            width: taken.cellWidth
            height: taken.rowHeight
            padding: Theme.px(20)

            Item {
                width: page.innerWidth
                height: page.innerHeight

                Image {
                    id: shot
                    width: parent.width - tools.width - Theme.gap
                    height: parent.height - words.height - Theme.px(12)
                    fillMode: Image.PreserveAspectFit
                    source: page.modelData.picture
                    asynchronous: false
                    cache: false // nothing of a resident outlives the screen
                    Accessible.role: Accessible.Graphic
                    Accessible.name: page.modelData.name
                }
                Row {
                    id: words
                    anchors.bottom: parent.bottom
                    width: shot.width
                    spacing: Theme.px(12)

                    Icon {
                        id: warning
                        anchors.verticalCenter: parent.verticalCenter
                        visible: page.modelData.doubt !== ""
                        name: "alert-circle"
                        color: Theme.wrong
                        size: visible ? Theme.px(44) : 0
                    }
                    Label {
                        objectName: "page-words-" + page.number
                        width: parent.width - warning.width - parent.spacing
                        kind: "note"
                        horizontalAlignment: page.modelData.doubt === "" ? Text.AlignHCenter : Text.AlignLeft
                        color: page.modelData.doubt === "" ? Theme.ink2 : Theme.wrong
                        text: page.modelData.doubt === "" ? page.modelData.name
                                                          : page.modelData.name + "：" + page.modelData.doubt
                    }
                }
                Column {
                    id: tools
                    anchors.right: parent.right
                    anchors.verticalCenter: parent.verticalCenter
                    width: Theme.px(Theme.care ? 340 : 270)
                    spacing: Theme.px(16)

                    SecondaryButton {
                        objectName: "retake-" + page.number
                        width: tools.width
                        height: Theme.target
                        icon: "camera"
                        fontSize: Theme.font(34)
                        text: qsTr("重拍")
                        onActivated: screen.model.retake(page.number)
                    }
                    SecondaryButton {
                        objectName: "turn-" + page.number
                        width: tools.width
                        height: Theme.target
                        icon: "rotate"
                        fontSize: Theme.font(34)
                        text: qsTr("转一下")
                        onActivated: screen.model.turn(page.number)
                    }
                    SecondaryButton {
                        objectName: "remove-" + page.number
                        width: tools.width
                        height: Theme.target
                        icon: "trash"
                        fontSize: Theme.font(34)
                        text: screen.model.removeText
                        onActivated: screen.model.remove(page.number)
                    }
                }
            }
        }
    }
}
