// A column of parts of any height, shown a page at a time where it does not fit; turned by buttons, never by swiping.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk

Item {
    id: paged

    property var model: []
    required property Component delegate
    property real spacing: Theme.gap
    property int page: 0

    readonly property real turnHeight: Math.max(Theme.target, Theme.px(Theme.care ? 136 : 108))
    readonly property var starts: cut(parts.implicitHeight, height)
    readonly property int at: Math.min(page, starts.length - 1)

    implicitHeight: parts.implicitHeight

    // Indexes of the parts that begin a page.
    function cut(whole: real, room: real): var {
        const begins = [0];
        if (whole <= room)
            return begins;
        const usable = room - paged.turnHeight - paged.spacing;
        let used = 0;
        for (let i = 0; i < parts.count; ++i) {
            const part = parts.itemAt(i);
            const need = part === null ? 0 : part.height;
            if (i > begins[begins.length - 1] && used + need > usable) {
                begins.push(i);
                used = 0;
            }
            used += need + paged.spacing;
        }
        return begins;
    }
    function pageOf(index: int): int {
        let found = 0;
        for (let i = 0; i < starts.length; ++i) {
            if (index >= starts[i])
                found = i;
        }
        return found;
    }

    Item {
        width: parent.width
        height: paged.starts.length > 1 ? paged.height - paged.turnHeight - paged.spacing : paged.height

        Repeater {
            id: parts
            readonly property real implicitHeight: {
                let sum = -paged.spacing;
                for (let i = 0; i < count; ++i) {
                    const part = itemAt(i);
                    sum += (part === null ? 0 : part.height) + paged.spacing;
                }
                return sum;
            }
            model: paged.model
            delegate: Item {
                id: slot
                required property var modelData
                required property int index
                readonly property Item before: index > 0 ? parts.itemAt(index - 1) as Item : null
                readonly property bool first: paged.starts.includes(index)
                width: paged.width
                height: inside.item ? (inside.item as Item).height : 0
                y: first || before === null ? 0 : before.y + before.height + paged.spacing
                visible: paged.pageOf(index) === paged.at

                Loader {
                    id: inside
                    width: parent.width
                    sourceComponent: paged.delegate
                    Component.onCompleted: setSource
                }
            }
        }
    }
}
