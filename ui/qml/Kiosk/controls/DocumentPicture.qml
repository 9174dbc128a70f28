// A drawn travel document, closed: what has to be laid on the reader.
import QtQuick
import Kiosk

Rectangle {
    id: book

    readonly property color gold: Theme.contrast ? "#FFE600" : "#E0B040"

    implicitWidth: Theme.px(200)
    height: width * 1.42
    radius: width * 0.07
    color: Theme.contrast ? "#000000" : "#7A1F2B"
    border.width: Theme.contrast ? Theme.outline : 0
    border.color: Theme.accent
    antialiasing: true

    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        y: parent.height * 0.16
        width: parent.width * 0.42
        height: width
        radius: width / 2
        color: "transparent"
        border.width: Math.max(2, parent.width * 0.035)
        border.color: book.gold
        antialiasing: true
    }
    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        y: parent.height * 0.56
        width: parent.width * 0.6
        height: parent.height * 0.05
        radius: height / 2
        color: book.gold
        antialiasing: true
    }
    // The sign of a document with a chip (ICAO 9303-9 clause 2.3): a disc within a frame.
    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        y: parent.height * 0.76
        width: parent.width * 0.3
        height: parent.height * 0.1
        color: "transparent"
        border.width: Math.max(2, parent.width * 0.025)
        border.color: book.gold
        antialiasing: true

        Rectangle {
            anchors.centerIn: parent
            width: parent.height * 0.5
            height: width
            radius: width / 2
            color: book.gold
            antialiasing: true
        }
    }
}
