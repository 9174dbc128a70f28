// One question: choices, a pad of digits, or a line to write on.
pragma ComponentBehavior: Bound
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property AskModel model

    title: model.title
    subtitle: model.hint
    nextText: model.editing ? qsTr("改好了") : qsTr("下一步")
    onBack: model.back()
    onNext: {
        entry.close();
        model.next();
    }

    NoticeBand {
        id: wrong
        objectName: "wrong"
        width: parent.width
        visible: screen.model.wrong !== ""
        kind: "wrong"
        text: screen.model.wrong
    }
    Item {
        y: wrong.visible ? wrong.height + Theme.gap : 0
        width: parent.width
        height: parent.height - y

        Pager {
            id: choices
            anchors.fill: parent
            visible: screen.model.kind === "choice"
            model: visible ? screen.model.options : []
            columns: count > 6 && longest <= 12 && !(Theme.care && !Theme.landscape) ? 2 : 1
            readonly property int longest: model.reduce((most, option) => Math.max(most, option.label.length + option.note.length), 0)

            delegate: ChoiceCard {
                required property var modelData
                objectName: modelData.value === "" ? "choice-other" : "choice-" + modelData.value
                width: choices.cellWidth
                height: Math.max(choices.rowHeight, implicitHeight)
                label: modelData.label
                note: modelData.note
                boxed: modelData.value !== ""
                icon: modelData.value === "" ? "pencil" : ""
                selected: modelData.value !== "" && modelData.value === screen.model.draft
                onActivated: screen.model.choose(modelData.value)
            }
        }
        Digits {
            width: parent.width
            height: Math.min(parent.height, implicitHeight)
            anchors.bottom: Theme.landscape ? undefined : parent.bottom
            visible: screen.model.kind === "digits"
            value: screen.model.draft
            longest: screen.model.longest
            placeholder: qsTr("按下面的数字")
            onEdited: value => screen.model.edit(value)
        }
        TextEntry {
            id: entry
            objectName: "written"
            width: parent.width
            visible: screen.model.kind === "writing"
            longest: screen.model.longest
            placeholder: qsTr("点这里，写下来")
            onEdited: text => screen.model.edit(text)
            onVisibleChanged: if (visible)
                text = screen.model.draft
            Component.onCompleted: text = screen.model.draft
        }
    }
}
