// Words on a screen, in one of the five sizes; they wrap and are never cut.
import QtQuick
import Kiosk

Text {
    id: label

    property string kind: "body"

    color: kind === "note" ? Theme.ink2 : Theme.ink
    font.family: Theme.family
    font.weight: kind === "title" || kind === "head" || kind === "strong" ? Font.Bold : Font.Normal
    font.pixelSize: kind === "title" ? Theme.titleSize : kind === "head" ? Theme.headSize
                    : kind === "note" ? Theme.noteSize : Theme.bodySize
    lineHeight: 1.04
    wrapMode: Text.Wrap
    textFormat: Text.PlainText
    Accessible.role: Accessible.StaticText
    Accessible.name: text
}
