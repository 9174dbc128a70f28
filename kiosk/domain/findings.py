"""What `kiosk queue verify` found, and what `--repair` did, in words: the queue gives a code, a technician reads a
sentence and what to do. The only place where the one becomes the other."""

from __future__ import annotations

from kiosk.domain.trouble import Trouble
from kiosk.domain.words import Text


def _f(code: str, zh: str, en: str, remedy_zh: str, remedy_en: str) -> Trouble:
    return Trouble(code=code, message=Text(zh=zh, en=en), remedy=Text(zh=remedy_zh, en=remedy_en))


_REPAIR = ("运行 kiosk queue verify --repair；保留磁盘。", "Run kiosk queue verify --repair, and keep the disk.")
_AGAIN = ("保留磁盘，请居民凭暂存号再来一次。", "Keep the disk; ask the resident back by the provisional number.")
_NOTHING_LOST = ("申报本身不受影响。磁盘该换了。", "The submission itself is sound. Replace the disk.")

FINDINGS: dict[str, Trouble] = {
    one.code: one
    for one in (
        _f("database-damaged", "队列的数据库坏了一处。", "The queue's database is damaged.", *_REPAIR),
        _f("row-damaged", "这条记录里有一处被磁盘改动了。", "The disk changed a value of this row.", *_REPAIR),
        _f("row-unreadable", "这条记录读不出来了。", "This row can no longer be read.", *_REPAIR),
        _f(
            "sending-stuck",
            "标着正在报送，却没有程序在报送。",
            "It is marked as being sent, and nobody sends it.",
            *_REPAIR,
        ),
        _f(
            "due-wrong",
            "下次报送的时间错得太远，不会自动报送。",
            "Its next try lies too far ahead: it waits for ever.",
            *_REPAIR,
        ),
        _f("body-damaged", "申报的内容坏了，不会报送。", "What was handed in is damaged: it is not sent.", *_AGAIN),
        _f("number-wrong", "暂存号坏了。", "Its provisional number is damaged.", *_REPAIR),
        _f(
            "summary-unreadable",
            "事项和姓名的摘要打不开：坏了，或者密钥换过。",
            "Matter and masked name can't be opened: damaged, or sealed with another key.",
            "换过密钥就不用管；否则磁盘该换了。",
            "Nothing to do if the machine's key was changed; else replace the disk.",
        ),
        _f(
            "reprint-unreadable",
            "补打凭条的数据打不开了。",
            "What a lost slip needs can't be opened.",
            "凭条丢了就手写暂存号。磁盘该换了。",
            "Write the number down by hand for who lost the slip. Replace the disk.",
        ),
        _f("finder-wrong", "刷卡找不到这份申报。", "It is not found by the resident's card.", *_REPAIR),
        _f("reason-unreadable", "撤销的理由打不开了。", "Why it was withdrawn can't be opened.", *_NOTHING_LOST),
        _f(
            "receipt-wrong",
            "留存的回执对不上这份申报。",
            "The kept receipt is not about these bytes.",
            "把暂存号报给区里核对。",
            "Ask the district by its number whether it is there.",
        ),
        _f("paper-damaged", "有一份材料的文件坏了。", "The file of a paper is damaged.", *_AGAIN),
        _f("paper-missing", "有一份材料的文件不见了。", "The file of a paper is missing.", *_AGAIN),
        _f(
            "papers-differ",
            "材料的记录和申报里写的不一样。",
            "The rows of its papers are not those it names.",
            *_REPAIR,
        ),
        _f("paper-left", "已经报送的材料，文件还在。", "The file of a paper that has arrived is still here.", *_REPAIR),
        _f(
            "paper-unknown",
            "有一个材料文件不属于任何申报。",
            "A paper's file belongs to no submission.",
            "一两个不要紧，启动时会清掉；很多就停机，备份整个文件夹，叫技术员。",
            "One or two are removed at the next start. Many: stop, copy the folder, call a technician.",
        ),
        _f("row-of-nobody", "有一条记录不属于任何申报。", "A row belongs to no submission.", *_REPAIR),
        _f("rating-damaged", "好差评的记录坏了。", "The row of a rating is damaged.", *_REPAIR),
        _f("counter-behind", "当天的计数比发出的号小。", "The day's counter is behind its numbers.", *_REPAIR),
        _f("offered-behind", "不知道哪些申报送出过。", "What may have left is no longer known.", *_REPAIR),
    )
}

MENDED: dict[str, Text] = {
    "indexes-made-anew": Text(zh="重新建了索引。", en="Indexes were made anew."),
    "sending-let-go": Text(zh="没有程序在报送，改回待报送。", en="Nobody was sending it: it waits again."),
    "held": Text(zh="留住了，等人处理。", en="It is held for people."),
    "due-now": Text(zh="改为马上报送。", en="It is due now."),
    "row-restored": Text(zh="按加密的内容改回了记录。", en="The row was set right by what is sealed."),
    "papers-restored": Text(
        zh="按申报的内容重新记了它的材料。", en="The rows of its papers were laid anew by the form."
    ),
    "row-removed": Text(zh="去掉了不属于任何申报的记录。", en="A row that belongs to no submission was removed."),
    "counter-set": Text(zh="计数改到了发出的最大的号。", en="The day's counter was set by its numbers."),
    "offered-set": Text(zh="按记录重新标了送出过的申报。", en="What may have left was marked anew by the rows."),
    "file-removed": Text(zh="清掉了用不着的文件。", en="A file that nothing needs was removed."),
    "database-rebuilt": Text(
        zh="读得出的都搬进了新的数据库，坏的留在旁边。",
        en="What can be read is in a new database; the old one is kept.",
    ),
}
