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
        anchors.fill: parent
        model: screen.model.matters
        rowHeight: Theme.px(Theme.care ? 300 : 220)

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
}
