// A column of parts of any height, a page at a time where they do not fit; turned by buttons, never by swiping.
import QtQuick
import Kiosk

Item {
    id: paged

    property var model: []
    property Component delegate
    property real spacing: Theme.gap
    property real widest: Theme.px(44)
    property int page: 0
    property int pages: 1

    readonly property real turnHeight: Math.max(Theme.target, Theme.px(Theme.care ? 136 : 108))

    onModelChanged: Qt.callLater(arrange)
    onPageChanged: arrange()
    onHeightChanged: Qt.callLater(arrange)
    onWidthChanged: Qt.callLater(arrange)

    // Puts each part below the one before, or at the top of a new page, and shows only this page's. Room that is left
    // over goes between the parts, up to `widest`.
    function arrange(): void {
        let whole = -spacing;
        for (let i = 0; i < parts.count; ++i) {
            const part = parts.itemAt(i);
            if (part === null)
                return;
            whole += part.height + spacing;
        }
        const fits = whole <= height;
        const room = fits ? height : height - turnHeight - spacing;
        const between = fits && parts.count > 1 ? Math.max(spacing, Math.min(widest, spacing + (height - whole) / (parts.count - 1))) : spacing;
        let at = 0;
        let y = 0;
        const pageOf = [];
        for (let j = 0; j < parts.count; ++j) {
            const next = parts.itemAt(j);
            if (y > 0 && Math.floor(y + next.height) > Math.ceil(room)) {
                ++at;
                y = 0;
            }
            next.y = y;
            y += next.height + between;
            pageOf.push(at);
        }
        pages = at + 1;
        page = Math.min(page, at);
        // Not by `visible`: columns inside an invisible part collapse, and its height would mean nothing.
        for (let k = 0; k < parts.count; ++k) {
            parts.itemAt(k).opacity = pageOf[k] === page ? 1 : 0;
            parts.itemAt(k).enabled = pageOf[k] === page;
        }
    }

    Repeater {
        id: parts
        model: paged.model
        delegate: paged.delegate
        onItemAdded: (index, item) => {
            item.heightChanged.connect(() => Qt.callLater(paged.arrange));
            Qt.callLater(paged.arrange);
        }
    }
    Row {
        id: turn
        anchors.bottom: parent.bottom
        width: parent.width
        spacing: Theme.gap
        visible: paged.pages > 1
        readonly property bool both: paged.page > 0 && paged.page < paged.pages - 1
        readonly property real each: both ? (width - spacing) / 2 : width

        MoreButton {
            objectName: "page-back"
            visible: paged.page > 0
            width: turn.each
            height: paged.turnHeight
            icon: "chevron-up"
            text: qsTr("看前面的")
            onActivated: --paged.page
        }
        MoreButton {
            objectName: "more"
            visible: paged.page < paged.pages - 1
            width: turn.each
            height: paged.turnHeight
            icon: "chevron-down"
            text: qsTr("看更多")
            onActivated: ++paged.page
        }
    }
}
