// The code of hall staff, typed; a dot for each digit.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property StaffCodeModel model

    title: qsTr("工作人员口令")
    subtitle: qsTr("这里只给大厅工作人员用。")
    warning: model.wrong
    nextEnabled: model.ready
    nextText: qsTr("进入")
    onBack: model.back()
    onNext: model.next()

    Digits {
        width: parent.width
        height: Math.min(parent.height, Theme.px(1040))
        hidden: true
        enabled: !screen.model.locked
        value: screen.model.draft
        longest: screen.model.longest
        placeholder: qsTr("按下面的数字")
        onEdited: value => screen.model.edit(value)
    }
}
