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
    warning: model.wrong !== "" ? model.wrong : model.unread ? qsTr("没认出来，请自己按，或者再放一次") : ""
    warningKind: model.wrong !== "" ? "wrong" : "notice"
    asideText: qsTr("让摄像头看")
    asideName: "use-camera"
    asideIcon: "camera"
    asideVisible: model.readable
    nextText: model.editing ? qsTr("改好了") : qsTr("下一步")
    onBack: model.back()
    onAside: {
        entry.close();
        model.useCamera();
    }
    onNext: {
        entry.close();
        model.next();
    }

    Pager {
        id: choices
        anchors.fill: parent
        visible: screen.model.kind === "choice"
        model: visible ? screen.model.options : []
        columns: count > 6 && longest <= (screen.model.wideLetters ? 7 : 16) && !(Theme.care && !Theme.landscape) ? 2 : 1
        // A few answers share the room; many keep to what a finger needs.
        rowHeight: Math.max(Theme.px(Theme.care ? 152 : 120),
                            Math.min(Theme.px(Theme.care ? 216 : 176), (height + Theme.gap) / Math.ceil(count / columns) - Theme.gap))
        readonly property int longest: model.reduce((most, option) => Math.max(most, option.label.length + option.note.length), 0)

        delegate: ChoiceCard {
            required property var modelData
            objectName: modelData.value === "" ? "choice-other" : "choice-" + modelData.value
            width: choices.cellWidth
            height: choices.rowHeight
            label: modelData.label
            note: modelData.note
            boxed: modelData.value !== ""
            icon: modelData.value === "" ? "pencil" : ""
            selected: modelData.value !== "" && modelData.value === screen.model.draft
            onActivated: screen.model.choose(modelData.value)
        }
    }
    OfferBand {
        id: offer
        readonly property bool under: screen.model.kind === "digits" && Theme.landscape
        visible: screen.model.offer !== ""
        y: under ? pad.fieldHeight + Theme.gap : 0
        width: under ? pad.fieldWidth : parent.width
        offer: screen.model.offer
        onTaken: {
            screen.model.takeOffer();
            entry.text = screen.model.draft;
        }
        onRefused: screen.model.refuseOffer()
    }
    Digits {
        id: pad
        y: offer.visible && !offer.under ? offer.height + Theme.gap : 0
        width: parent.width
        height: Math.min(parent.height - y, Theme.px(1040))
        // In care mode the keys wait until what was read is taken or refused: there is no room for both.
        visible: screen.model.kind === "digits" && !(offer.visible && Theme.care && !Theme.landscape)
        groups: screen.model.groups
        value: screen.model.draft
        longest: screen.model.longest
        placeholder: qsTr("按下面的数字")
        onEdited: value => screen.model.edit(value)
    }
    Column {
        y: offer.visible ? offer.height + Theme.gap : 0
        width: parent.width
        spacing: Theme.px(32)
        visible: screen.model.kind === "writing"

        TextEntry {
            id: entry
            objectName: "written"
            width: parent.width
            longest: screen.model.longest
            placeholder: qsTr("点这里，写下来")
            onEdited: text => screen.model.edit(text)
            onVisibleChanged: if (visible)
                text = screen.model.draft
            Component.onCompleted: text = screen.model.draft
        }
        NoticeBand {
            width: parent.width
            visible: !offer.visible
            icon: "keyboard"
            text: qsTr("点一下白框，键盘就出来，打拼音就行。")
        }
    }
}
