// Progress by the code on a slip, held under the camera.
import QtQuick
import Kiosk
import Kiosk.Models

Screen {
    id: screen

    required property FindBySlipModel model

    title: model.searching ? qsTr("把凭条放在摄像头下") : qsTr("这张凭条")
    subtitle: model.searching ? qsTr("二维码朝上，放平就行。") : ""
    reach: false
    nextVisible: false
    onBack: model.back()

    LivePicture {
        id: live
        objectName: "private-live"
        visible: screen.model.searching
        width: parent.width
        height: Math.min(parent.height - (band.visible ? band.height + Theme.gap : 0), width * 0.9)
    }
    TroubleBand {
        id: band
        anchors.top: live.bottom
        anchors.topMargin: Theme.gap
        width: parent.width
        visible: screen.model.searching && screen.model.trouble.code !== ""
        trouble: screen.model.trouble
    }
    FoundList {
        anchors.fill: parent
        visible: !screen.model.searching
        rows: screen.model.rows
        printing: screen.model.notice
    }
}
