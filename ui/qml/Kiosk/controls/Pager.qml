// A list a page at a time, turned by buttons.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk

Item {
    id: pager

    property var model: []
    property Component delegate
    property int columns: 1
    property real rowHeight: Theme.px(Theme.care ? 176 : 140)
    property int pageSize: 0
    property string moreText: qsTr("看更多")
    property string backText: qsTr("看前面的")
    property int page: 0

    readonly property real turnHeight: Math.max(Theme.target, Theme.px(Theme.care ? 136 : 108))
    readonly property int rowsAlone: Math.max(1, Math.floor((height + Theme.gap) / (rowHeight + Theme.gap)))
    readonly property int rowsTurned: Math.max(1, Math.floor((height - turnHeight) / (rowHeight + Theme.gap)))
    readonly property int count: model.length
    readonly property bool whole: count <= (pageSize > 0 ? pageSize : rowsAlone * columns)
    readonly property int shown: whole ? count : pageSize > 0 ? pageSize : rowsTurned * columns
    readonly property int pages: whole || shown < 1 ? 1 : Math.ceil(count / shown)
    readonly property int at: Math.min(page, pages - 1)

    implicitHeight: list.implicitHeight + (whole ? 0 : turnHeight + Theme.gap)

    readonly property real cellWidth: (width - (columns - 1) * Theme.gap) / columns

    onModelChanged: page = Math.min(page, Math.max(0, pages - 1))

    Grid {
        id: list
        width: parent.width
        columns: pager.columns
        spacing: Theme.gap

        Repeater {
            model: pager.model.slice(pager.at * pager.shown, (pager.at + 1) * pager.shown)
            delegate: pager.delegate
        }
    }
    Row {
        id: turn
        y: list.height + Theme.gap
        width: parent.width
        height: pager.turnHeight
        spacing: Theme.gap
        visible: !pager.whole

        readonly property bool both: pager.at > 0 && pager.at < pager.pages - 1
        readonly property real each: both ? (width - spacing) / 2 : width

        MoreButton {
            objectName: "page-back"
            visible: pager.at > 0
            width: turn.each
            height: turn.height
            icon: "chevron-up"
            text: pager.backText
            onActivated: pager.page = pager.at - 1
        }
        MoreButton {
            objectName: "more"
            visible: pager.at < pager.pages - 1
            width: turn.each
            height: turn.height
            icon: "chevron-down"
            text: pager.moreText
            onActivated: pager.page = pager.at + 1
        }
    }
}
