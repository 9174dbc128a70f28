// What will be read, photographed and sent. Nothing is agreed to beforehand.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property AskConsentModel model

    title: qsTr("先请您同意")
    subtitle: qsTr("同意了才会读卡。")
    nextText: qsTr("我同意，继续")
    nextName: "agree"
    onBack: model.back()
    onNext: model.agree()

    PagedColumn {
        id: points
        anchors.fill: parent
        model: screen.model.points

        delegate: Item {
            id: point
            required property string modelData
            width: points.width
            height: Math.max(Theme.px(60), words.height) + Theme.px(8)

            Icon {
                name: "circle-check"
                size: Theme.px(52)
            }
            Label {
                id: words
                x: Theme.px(80)
                width: parent.width - x
                text: point.modelData
            }
        }
    }
}
