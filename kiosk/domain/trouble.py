"""Every trouble a resident or technician can meet: one stable code, one message, one remedy.

The core emits codes, never sentences. Device troubles keep the device's own code (``card-mute``); the rest is named
here. :func:`explain` is the only place where a code becomes words.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.domain.words import Text


@dataclass(frozen=True, slots=True)
class Trouble:
    """``message`` says what happened and what it means, ``remedy`` what to do now."""

    code: str
    message: Text
    remedy: Text


def _t(code: str, zh: str, en: str, remedy_zh: str, remedy_en: str) -> Trouble:
    return Trouble(code=code, message=Text(zh=zh, en=en), remedy=Text(zh=remedy_zh, en=remedy_en))


TROUBLES: dict[str, Trouble] = {
    trouble.code: trouble
    for trouble in (
        _t(
            "no-service",
            "读卡服务没有运行。",
            "The card service is not running.",
            "会自动重试。一直这样请叫工作人员。",
            "It keeps trying by itself. If this stays, please call staff.",
        ),
        _t(
            "no-reader",
            "读卡器没有连接。",
            "The card reader is not connected.",
            "请叫工作人员检查读卡器的线。",
            "Please ask staff to check the reader's cable.",
        ),
        _t(
            "no-card",
            "还没有放卡。",
            "There is no card on the reader.",
            "请把卡放在读卡处。",
            "Please put the card on the reader.",
        ),
        _t(
            "card-mute",
            "卡没有反应，可能放反了。",
            "The card does not answer; it may be the wrong way round.",
            "请拿起来，翻个面，芯片朝下再放一次。",
            "Please lift it, turn it over and put it back with the chip down.",
        ),
        _t(
            "card-unknown",
            "这张卡这里读不了。",
            "This kind of card cannot be read here.",
            "请换社会保障卡，或者叫人帮忙。",
            "Please use a social security card, or call staff.",
        ),
        _t(
            "card-pulled",
            "卡拿得太早，还没读完。",
            "The card was lifted before it was read.",
            "请再放一次，等屏幕显示读好了再拿。",
            "Please put it back and leave it until the screen shows it was read.",
        ),
        _t(
            "card-unreadable",
            "试了几次，卡上的信息还是读不出来。",
            "The card was tried several times and could not be read.",
            "请擦一擦芯片再放；还不行请换一张卡，或者叫人帮忙。",
            "Wipe the chip and put it back; then try another card, or call staff.",
        ),
        _t(
            "card-protected",
            "这张卡要密码才能读，这里不能输卡的密码。",
            "This card wants its PIN, which is never entered here.",
            "请换一张卡，或者到窗口办理。",
            "Please use another card, or go to the counter.",
        ),
        _t(
            "card-expired",
            "这张卡已经过期。",
            "This card has expired.",
            "请先到窗口换新卡，工作人员会帮您。",
            "Please renew it at the counter; staff will help you.",
        ),
        _t(
            "card-busy",
            "读卡器正在被别的程序使用。",
            "Another program is using the reader.",
            "卡先不要拿走，空出来会自动读。一直这样请叫工作人员。",
            "Leave the card; it is read once the reader is free. If not, call staff.",
        ),
        _t(
            "card-two",
            "读卡器上有两张卡。",
            "There are two cards on the reader.",
            "请拿走一张，剩下的那张会自动读。",
            "Please take one away; the other one is then read by itself.",
        ),
        _t(
            "card-needs-key",
            "这本证件要先看一下上面印的号码才能读。",
            "This document opens only with what is printed on it.",
            "请把有照片的一面放到摄像头下，或者自己输入。",
            "Please lay the side with the photo under the camera, or type it in.",
        ),
        _t(
            "card-wrong-key",
            "号码和这本证件对不上。",
            "The numbers do not belong to this document.",
            "请对照证件再看一遍，或者叫人帮忙。",
            "Please compare them with the document, or call staff.",
        ),
        _t(
            "card-altered",
            "证件里的内容和发证机关签发的不一样。",
            "What is in the document is not what its issuer signed.",
            "这里不能用它办理，请到窗口。",
            "It cannot be used here; please go to the counter.",
        ),
        _t(
            "card-incomplete",
            "卡上缺少姓名或身份证号。",
            "The card lacks a name or an ID number.",
            "请换一张卡，或者叫人帮忙。",
            "Please use another card, or call staff.",
        ),
        _t(
            "card-same-person",
            "这还是刚才那张卡。",
            "This is the same person's card as before.",
            "请换另一个人的卡。",
            "Please put the other person's card on the reader.",
        ),
        _t(
            "camera-lost",
            "摄像头没有画面。",
            "The camera shows no picture.",
            "会自动重试。一直这样请叫人帮忙。",
            "It keeps trying by itself. If this stays, please call staff.",
        ),
        _t(
            "camera-busy",
            "摄像头正被别的程序占用。",
            "Another program is using the camera.",
            "会自动重试。一直这样请叫工作人员。",
            "It keeps trying by itself. If this stays, please call staff.",
        ),
        _t(
            "camera-forbidden",
            "这台终端没有使用摄像头的权限。",
            "The terminal may not use the camera.",
            "请叫工作人员：终端的用户要加入 video 组。",
            "Please call staff: the terminal's user must be in the group video.",
        ),
        _t(
            "camera-ambiguous",
            "几个摄像头都叫这个名字，不知道用哪一个。",
            "Several cameras have the configured name; it is unclear which one is meant.",
            "请叫工作人员：运行 kiosk camera list，把要用的那个写进配置。",
            "Please call staff: kiosk camera list shows the names to choose from.",
        ),
        _t(
            "camera-none",
            "这台机器上没有摄像头。",
            "There is no camera on this machine.",
            "请检查摄像头的线。",
            "Check the camera's cable.",
        ),
        _t(
            "reading-slow",
            "认字花的时间太长。",
            "Reading took too long.",
            "请再试一次，或者自己输入。",
            "Please try again, or type it.",
        ),
        _t(
            "reading-failed",
            "认不了字：程序出了问题。",
            "Nothing can be read: the reading program failed.",
            "请自己输入；一直这样请联系运维人员（内存要 1 GB）。",
            "Please type it; if this stays, call the technician (it needs 1 GB of memory).",
        ),
        _t(
            "reading-stopped",
            "认字中断了。",
            "Reading was stopped.",
            "请再试一次。",
            "Please try again.",
        ),
        _t(
            "picture-unreadable",
            "这不是能打开的图片。",
            "This is not a picture that can be opened.",
            "请换一个图片文件。",
            "Please use another picture file.",
        ),
        _t(
            "printer-offline",
            "打印机没有连上。",
            "The printer is not connected.",
            "请检查电源和线。",
            "Check its power and cable.",
        ),
        _t(
            "printer-paper-out",
            "打印机没有纸了。",
            "The printer is out of paper.",
            "请换一卷纸。",
            "Put in a new roll of paper.",
        ),
        _t(
            "printer-cover-open",
            "打印机的盖子开着。",
            "The printer's cover is open.",
            "请把盖子合上。",
            "Close the cover.",
        ),
        _t(
            "printer-fault",
            "打印机出了故障。",
            "The printer reports a fault.",
            "请关掉再打开打印机；还不行请联系运维人员。",
            "Switch the printer off and on; if it stays, call the technician.",
        ),
        _t(
            "printer-paper-low",
            "打印纸快用完了。",
            "The paper is running low.",
            "还能打印；今天下班前换一卷纸。",
            "It still prints; put in a new roll before the end of the day.",
        ),
        _t(
            "speech-no-audio",
            "没有声音：找不到扬声器或声卡。",
            "There is no sound: no loudspeaker or sound card was found.",
            "请检查扬声器的线，或者改配置里的 speech.loudspeaker。",
            "Check the loudspeaker's cable, or mend speech.loudspeaker.",
        ),
        _t(
            "speech-no-engine",
            "语音程序没有安装，或者没有运行。",
            "The speech program is not installed or not running.",
            "请安装 espeak-ng，或者启动 speech-dispatcher。",
            "Install espeak-ng, or start speech-dispatcher.",
        ),
        _t(
            "speech-engine-lost",
            "语音程序说到一半停了。",
            "The speech program stopped in the middle of a sentence.",
            "会自动重试。一直这样请联系运维人员。",
            "It keeps trying by itself. If this stays, call the technician.",
        ),
        _t(
            "speech-no-voice",
            "语音程序不会说这种语言。",
            "The speech program does not speak this language.",
            "用 kiosk speech list 看有哪些声音，再改 speech.voices。",
            "See kiosk speech list for its voices, then mend speech.voices.",
        ),
        _t(
            "speech-no-clip",
            "这句话没有录音。",
            "There is no recording of this sentence.",
            "请补录，或者在配置里选一个语音程序。",
            "Record it, or choose a speech program in the configuration.",
        ),
        _t(
            "storage-full",
            "终端的存储满了，这次没有存上。",
            "The terminal's storage is full; this was not stored.",
            "请叫工作人员。您填的内容还在这里。",
            "Please call staff. What you entered is still here.",
        ),
        _t(
            "storage-failed",
            "没有存上，终端的磁盘出了问题。",
            "It was not stored; the terminal's disk has a problem.",
            "请再试一次；还不行请叫工作人员。您填的内容还在这里。",
            "Please try again, or call staff. What you entered is still here.",
        ),
        _t(
            "paper-too-large",
            "有一份材料页数太多，合成的文件太大。",
            "One paper has so many pages that its file is too large.",
            "请返回，去掉几页再交，或者到窗口办理。",
            "Please go back and remove some pages, or go to the counter.",
        ),
        _t(
            "keys-missing",
            "这台终端还没有装区里的公钥，现在不能收件。",
            "The district's keys are missing here; nothing can be taken in.",
            "请叫工作人员：kiosk queue keys install。您填的内容还在这里。",
            "Please call staff: kiosk queue keys install. What you entered is still here.",
        ),
        _t(
            "bundle-unreadable",
            "这不是区里的公钥包，或者文件坏了。",
            "This is no bundle of the district's keys, or the file is damaged.",
            "请区里重新发一份。",
            "Ask the district for the file again.",
        ),
        _t(
            "bundle-unsigned",
            "这个公钥包不是本区签发的，没有装。",
            "Our district did not sign this bundle; it was not taken.",
            "核对配置里的 platform.bundle_key，不要装来路不明的文件。",
            "Compare platform.bundle_key; never install bundles from elsewhere.",
        ),
        _t(
            "bundle-incomplete",
            "这个公钥包缺区里的公钥或备用公钥。",
            "The district's key or its escrow key is missing in this bundle.",
            "请区里用 district keys bundle 重新签发。",
            "Ask the district to sign a new one: district keys bundle.",
        ),
        _t(
            "bundle-expired",
            "这个公钥包已经过期，没有装。",
            "This bundle is over; it was not taken.",
            "核对终端的日期，再请区里发新的。",
            "Check the terminal's date, then ask the district for the newest.",
        ),
        _t(
            "bundle-older",
            "终端上已经有更新的公钥包，没有装。",
            "The terminal has a newer bundle already; this one was not taken.",
            "不用装。要看现在的：kiosk queue keys show。",
            "Nothing is to be done. See kiosk queue keys show.",
        ),
        _t(
            "too-large",
            "内容太大，区里收不下。",
            "It is larger than the district accepts.",
            "请少拍几页，分开办理，或者到窗口办理。",
            "Use fewer pages, hand in separately, or go to the counter.",
        ),
        _t(
            "uid-unknown",
            "这台终端上没有这个申报。",
            "There is no such submission on this terminal.",
            "用 kiosk queue list 看有哪些。",
            "See kiosk queue list for those there are.",
        ),
        _t(
            "not-withdrawn",
            "这个申报已经报送，或者正在报送，撤不回来。",
            "This submission has left or is leaving, and cannot be withdrawn here.",
            "请联系区里处理。",
            "Ask the district.",
        ),
        _t(
            "not-settled",
            "还有申报区里没有确认收到。什么都没有删。",
            "The district has not confirmed some submissions. Nothing was wiped.",
            "恢复网络，或者读 U 盘带回的回执。要放弃须两个人确认。",
            "Restore the network, or read a stick's receipts. Giving up takes two people.",
        ),
        _t(
            "certificate-refused",
            "区里没有发新证书。现在的证书还在用。",
            "The platform issued no certificate. The one in use stays.",
            "检查网络和终端的登记；区里要用 --issue 运行平台。",
            "Check network and registration; the platform needs serve --issue.",
        ),
        _t(
            "certificate-undecided",
            "新证书装上了，但是联系不上区里，还不知道行不行。",
            "The new certificate is in place; the platform could not be asked about it.",
            "网络恢复后会自己再试。旧证书还留着。",
            "It is tried again by itself. The old one lies beside it.",
        ),
        _t(
            "certificate-rolled-back",
            "区里不认新证书，已经换回旧的。",
            "The platform does not answer to the new certificate; the old one is back.",
            "请区里检查 --client-ca 和 --issue 是不是同一个机构。",
            "Have the district compare --client-ca with --issue.",
        ),
        _t(
            "stick-full",
            "U 盘满了。已经写好的没有问题，没写的还在终端上。",
            "The stick is full. What is on it is whole; the rest is still on the terminal.",
            "换一个 U 盘，再运行一次 kiosk queue export。",
            "Take another stick and run kiosk queue export once more.",
        ),
        _t(
            "stick-read-only",
            "这个 U 盘写不进去。",
            "The stick cannot be written to.",
            "拨开 U 盘的写保护开关，或者换一个。",
            "Release its write protection, or take another one.",
        ),
        _t(
            "stick-gone",
            "找不到 U 盘，或者读写到一半它被拔掉了。终端上的申报一件没少。",
            "The stick is not there, or was pulled half-way. Nothing is lost on the terminal.",
            "插好 U 盘，再运行一次同样的命令，会接着做。",
            "Plug it in and run the same command again: it goes on where it stopped.",
        ),
        _t(
            "not-sealed",
            "这个申报没有用区里的密钥加密，不能放进 U 盘。",
            "It is not sealed to the district's key and must not leave on a stick.",
            "只能走网络报送。装上区里的密钥包，以后的就可以。",
            "It goes by network only. Install the district's key bundle for later ones.",
        ),
        _t(
            "item-damaged",
            "这个申报在终端磁盘上坏了，没有写进 U 盘。",
            "This submission is damaged on the terminal's disk and was not written.",
            "用 kiosk queue verify 查看。保留磁盘，请居民再来。",
            "See kiosk queue verify; keep the disk, and ask the resident back.",
        ),
        _t(
            "receipts-forged",
            "这份回执不是区里签的，或者文件坏了，没有采用。",
            "These receipts are damaged or not the district's: they were not taken.",
            "请区里重新导入，再拿一份回执。",
            "Ask the district to import the stick again for new receipts.",
        ),
        _t(
            "no-receipts",
            "U 盘上没有区里的回执。",
            "There are no receipts of the district on the stick.",
            "先在区里用 district import 导入这个 U 盘。",
            "Have it imported at the district first (district import).",
        ),
        _t(
            "nothing-to-send",
            "这个申报不用再报送。",
            "There is nothing left to send of this submission.",
            "不用做什么。",
            "Nothing needs to be done.",
        ),
        _t(
            "slip-not-printed",
            "凭条没有打印出来。",
            "The slip was not printed.",
            "请用手机拍下这一页，或者稍后刷卡补打。",
            "Photograph this page, or have it printed later with your card.",
        ),
        _t(
            "slip-unknown",
            "不确定凭条打印好了没有。",
            "It is not certain that the slip was printed.",
            "请看一下出纸口；没有就叫工作人员。",
            "Please look at the paper outlet; if nothing is there, call staff.",
        ),
        _t(
            "code-foreign",
            "这个二维码不是这里的凭条。",
            "This code is not one of our slips.",
            "请把凭条上的二维码对准摄像头。",
            "Please hold the code on your slip under the camera.",
        ),
        _t(
            "code-matter",
            "这是办事的二维码，不是凭条。",
            "This code is for a matter; it is not a slip.",
            "要办这件事，请点“返回”，再点“放卡，或点这里”。",
            "To do it, go back and start there. For progress, show your slip.",
        ),
        _t(
            "code-notice",
            "这是告知单上的二维码，不是凭条。",
            "This code is from a list of what to bring; it is not a slip.",
            "凭条是办完以后打出来的那张。没有凭条，可以放卡查进度。",
            "The slip comes after handing in. Without it, use your card.",
        ),
        _t(
            "code-enrolment",
            "这是登记终端用的二维码，只给工作人员用。",
            "This code registers terminals; it is for staff only.",
            "请交给工作人员，不要给别人看。",
            "Please hand it to staff and show it to nobody else.",
        ),
        _t(
            "slip-of-other-version",
            "这个二维码比这台终端新，这里还认不出来。",
            "This code is newer than this terminal, which cannot read it yet.",
            "请到打凭条的那台终端查，或者问工作人员。",
            "Please use the terminal that printed it, or ask staff.",
        ),
        _t(
            "slip-of-unknown-terminal",
            "这张凭条是别的终端打的，这里查不到。",
            "Another terminal printed this slip; it cannot be looked up here.",
            "请到打凭条的那台终端查，或者问工作人员。",
            "Please use the terminal that printed it, or ask staff.",
        ),
        _t(
            "slip-number-wrong",
            "这张凭条上的号码不对。",
            "The number in this slip's code is not a right one.",
            "请把凭条拿给工作人员看。",
            "Please show the slip to staff.",
        ),
        _t(
            "slip-forged",
            "这张凭条不是我们的终端打的。",
            "None of our terminals printed this slip.",
            "请把凭条拿给工作人员看。",
            "Please show the slip to staff.",
        ),
        _t(
            "lookup-failed",
            "现在查不了，终端的磁盘出了问题。",
            "Nothing can be looked up now; the terminal's disk has a problem.",
            "请再试一次；还不行请叫工作人员。",
            "Please try again; if it fails, call staff.",
        ),
        _t(
            "nothing-found",
            "没有找到您的办理记录。",
            "No submission of yours was found on this terminal.",
            "如果是在别处办的，请问工作人员。",
            "If it was handed in elsewhere, please ask staff.",
        ),
    )
}


def explain(code: str) -> Trouble:
    """The words for ``code``. An unknown code is a bug and raises :class:`KeyError`."""
    return TROUBLES[code]
