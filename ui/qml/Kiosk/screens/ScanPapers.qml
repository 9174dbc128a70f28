// One material under the camera: live picture with the paper's edge, advice in words, and the pages taken.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property ScanPapersModel model

    title: model.title
    subtitle: model.hint
    nextText: model.adding ? qsTr("手动拍照") : qsTr("清楚，下一步")
    nextName: model.adding ? "shoot" : "next"
    nextIcon: model.adding ? "camera" : ""
    nextEnabled: model.adding ? !model.shooting && model.trouble.code === "" : model.enough
    asideText: model.canAdd ? qsTr("再拍一页") : ""
    asideName: "add-page"
    onBack: model.back()
    onNext: model.adding ? model.shoot() : model.next()
    onAside: model.add()

    LivePicture {
        id: live
        objectName: "private-live"
        visible: screen.model.adding
        width: parent.width
        height: Math.min(parent.height - (band.visible ? band.height + Theme.gap : 0), width * 0.75)
    }
    NoticeBand {
        id: band
        objectName: "advice"
        visible: screen.model.adding
        anchors.top: live.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        kind: screen.model.trouble.code !== "" ? "wrong" : screen.model.adviceKind
        text: screen.model.trouble.code !== "" ? screen.model.trouble.message : screen.model.advice
        note: screen.model.trouble.code !== "" ? screen.model.trouble.remedy : ""
    }
    Pager {
        id: taken
        objectName: "private-pages"
        anchors.fill: parent
        visible: !screen.model.adding
        model: visible ? screen.model.pages : []
        columns: 2
        rowHeight: Math.min(Theme.px(620), height - (model.length > 2 ? turnHeight + Theme.gap : 0))

        delegate: Panel {
            id: page
            required property string modelData
            required property int index
            width: taken.cellWidth
            height: taken.rowHeight
            padding: Theme.px(20)

            Image {
                width: page.width - 2 * page.padding
                height: page.height - 2 * page.padding - retake.height - Theme.px(16)
                fillMode: Image.PreserveAspectFit
                source: page.modelData
                asynchronous: false
                Accessible.role: Accessible.Graphic
                Accessible.name: qsTr("第 %1 页").arg(taken.at * taken.shown + page.index + 1)
            }
            SecondaryButton {
                id: retake
                objectName: "remove-" + (taken.at * taken.shown + page.index)
                width: page.width - 2 * page.padding
                y: page.height - 2 * page.padding - height
                height: Theme.target
                icon: "trash"
                fontSize: Theme.font(34)
                text: qsTr("不要这页")
                onActivated: screen.model.remove(taken.at * taken.shown + page.index)
            }
        }
    }
}
