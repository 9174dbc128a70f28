// Which matter? As many as fit, then more.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ChooseMatterModel model

    title: qsTr("要办哪一件？")
    nextVisible: false
    onBack: model.back()

    Pager {
        id: list
        width: parent.width
        height: parent.height - elsewhere.height - Theme.px(32)
        model: screen.model.matters
        rowHeight: Theme.px(Theme.care ? 320 : 260)

        delegate: TileButton {
            required property var modelData
            objectName: "matter-" + modelData.id
            width: list.width
            height: list.rowHeight
            icon: modelData.icon
            title: modelData.title
            note: modelData.note
            onActivated: screen.model.pick(modelData.id)
        }
    }
    NoticeBand {
        id: elsewhere
        y: Math.min(list.implicitHeight, list.height) + Theme.px(32)
        width: parent.width
        icon: "door"
        text: qsTr("别的事，请到窗口办。")
    }
}
