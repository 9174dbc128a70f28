// What is printed on a travel document, typed part by part.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property TypeDocumentModel model

    title: model.title
    subtitle: model.hint
    warning: model.wrong
    asideText: model.isCan ? qsTr("按号码输入") : qsTr("只有六位数字")
    asideName: "switch-can"
    asideVisible: !model.isDate
    onBack: model.back()
    onNext: model.next()
    onAside: model.switchCan()

    Digits {
        width: parent.width
        height: Math.min(parent.height, Theme.px(1040))
        value: screen.model.draft
        longest: screen.model.longest
        letters: screen.model.letters
        groups: screen.model.isDate ? [4, 2, 2] : []
        placeholder: screen.model.letters ? qsTr("按下面的字母和数字") : qsTr("按下面的数字")
        onEdited: value => screen.model.edit(value)
    }
}
