"""The staff page in English: each of its texts by the Chinese one. `tests/unit/test_district_english.py` finds what is
missing, and what nothing says any more."""

# ruff: noqa: E501 - a line is a text

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        # Every page
        "区级平台": "District platform",
        "办件工作台": "Casework",
        "便民服务办件工作台": "Township services casework",
        "跳到正文": "Skip to the page",
        "主菜单": "Main menu",
        "办件": "Cases",
        "终端": "Terminals",
        "查看记录": "Record of viewings",
        "我的账号": "My account",
        "退出": "Sign out",
        "翻页": "Pages",
        "、": ", ",
        "；": "; ",
        "：": ": ",
        # Signing in
        "登录": "Sign in",
        "工作人员登录": "Staff sign-in",
        "用户名": "Name",
        "密码": "Password",
        "您在这里看过的每份办件和材料都会留下记录。": "Every case and paper that you look at here is put on record.",
        "用户名或密码不对。连续输错几次后，这个用户名要等一会儿才能再试，最长十五分钟。忘了密码，请管理员重设。": (
            "Name or password is wrong. After several wrong passwords a name has to wait before the next try, fifteen "
            "minutes at most. If you forgot yours, ask the administrator for a new one."
        ),
        "这个页面放得太久了，请再登录一次。": "This page was open for too long. Please sign in again.",
        "您还没有登录，或者登录已过期。登录后会回到刚才的页面。": (
            "You are not signed in, or no longer. You come back to the page once you are."
        ),
        # One's own account
        "改密码": "Change password",
        "现在的密码": "Present password",
        "新密码": "New password",
        "再输一次新密码": "New password again",
        "至少 %(shortest)s 个字，什么字都可以": "at least %(shortest)s characters, of any kind",
        "改了密码，其他地方的登录都会退出。": "A new password signs you out everywhere else.",
        "正在使用的登录": "Where you are signed in",
        "%(at)s 登录": "Since %(at)s",
        "本机": "here",
        "%(idle)s 分钟不用，或者登录满 %(lifetime)s 小时，就会自动退出。同一个账号最多同时登录 %(most)s 处，再多会退出最早的。": (
            "You are signed out after %(idle)s minutes without a page, or %(lifetime)s hours in all. One account may be "
            "signed in at %(most)s places; one more ends the oldest."
        ),
        "退出其他登录": "Sign out elsewhere",
        "密码已改好，其他地方的登录都已退出。": "The password was changed; you are signed out everywhere else.",
        "其他地方的登录都已退出。": "You are signed out everywhere else.",
        "没有保存：现在的密码不对。连续输错几次后，要等一会儿才能再试。": (
            "Not saved: the present password is wrong. After several wrong ones you have to wait before the next try."
        ),
        "现在的密码是别人给您设的，只用来第一次登录。请换成只有您自己知道的密码，换好就可以开始办件。": (
            "Somebody else chose your present password; it is for the first sign-in only. Choose one that nobody but you "
            "knows, and you can begin."
        ),
        "没有保存：新密码和现在的一样。请换一个。": "Not saved: the new password is the present one. Choose another.",
        "没有保存：两次输入的新密码不一样。": "Not saved: the two new passwords differ.",
        "没有保存：新密码要有 %(shortest)s 到 128 个字，并且不容易猜到。几个不相干的词连在一起就很好。": (
            "Not saved: a password has %(shortest)s to 128 characters and is hard to guess. Several words that have "
            "nothing to do with each other are fine."
        ),
        # The list of cases
        "办件列表": "List of cases",
        "测试件": "Rehearsals",
        "技术人员的演练，不计入办件": "tried by technicians, no cases",
        "看测试件": "See rehearsals",
        "回到办件": "Back to cases",
        "办件编号或暂存号": "Case number or provisional number",
        "查找": "Find",
        "没有这个编号的办件。请对照凭条，把整个编号再输一遍；刚提交的申报要等终端报送以后才查得到。": (
            "There is no case of this number. Compare it with the slip and type all of it again; what was submitted just "
            "now is found once the terminal has sent it."
        ),
        "按阶段": "By stage",
        "全部": "All",
        "大厅": "Hall",
        "所有大厅": "All halls",
        "事项": "Matter",
        "所有事项": "All matters",
        "筛选": "Filter",
        "编号": "Number",
        "阶段": "Stage",
        "收件时间": "Received",
        "评价": "Rating",
        "密封件，没有私钥": "Sealed, and no key for it",
        "内容已删除": "content erased",
        "已补交": "supplement has come",
        "未登记": "Not registered",
        "没有符合的测试件": "No such rehearsals",
        "没有符合的办件": "No such cases",
        "还没有收到测试件": "No rehearsals yet",
        "还没有收到申报": "No submissions yet",
        "这一页已经没有测试件了": "No more rehearsals on this page",
        "这一页已经没有办件了": "No more cases on this page",
        "可以换一个阶段、大厅或事项看看。": "Try another stage, hall or matter.",
        "终端报送的申报会出现在这里。刷新本页即可查看最新情况。": (
            "What terminals send appears here. Load the page again to see the newest."
        ),
        "较新的": "Newer",
        "较早的": "Older",
        # A case
        "回到办件 %(number)s": "Back to case %(number)s",
        "已保存：%(step)s。居民在终端上查进度时看得到。": "Saved: %(step)s. Residents see it at a terminal, with their progress.",
        "没有保存：请先选下一步。": "Not saved: choose the next step first.",
        "没有保存：不予办理要写明原因，说明最多 %(longest)s 字。": (
            "Not saved: declining needs a reason, and a note has %(longest)s characters at most."
        ),
        "这是技术人员的测试件，不计入办件，也不办理。": "A technician's rehearsal: it is no case, and nothing is done about it.",
        "这是居民为另一份办件补交的材料，随那份办件办理。": "What a resident handed in later for another case; it goes with that one.",
        "看那份办件": "See that case",
        "保存期已满，填写内容和材料已在 %(at)s 删除。编号和办理经过保留。": (
            "Its time is over: answers and papers were erased on %(at)s. Number and history are kept."
        ),
        "办件编号": "Case number",
        "还没有": "None yet",
        "暂存号": "Provisional number",
        "收件终端": "Terminal",
        "提交时间": "Submitted",
        "还没有评价": "Not rated yet",
        "补正": "Supplements",
        "%(who)s 在 %(at)s 提出": "Asked for by %(who)s on %(at)s",
        "，请在 %(day)s 前补交": ", due by %(day)s",
        "%(at)s 收到补交的材料": "Answered on %(at)s",
        "看补交的材料": "see what came",
        "还没有补交": "Not answered yet",
        "填写内容": "Answers",
        "号码已全部显示，这次查看已留下记录": "Numbers are shown whole; this was put on record",
        "显示完整号码（留下记录）": "Show whole numbers (on record)",
        "没有填写内容": "No answers",
        "密封件，需要私钥才能打开": "Sealed; only its private key opens it",
        "材料": "Papers",
        "没有材料。": "No papers.",
        "密封件": "Sealed",
        "没有私钥，打不开": "no key that opens it",
        "还没有收齐": "not all of it has come",
        "办理这份办件": "Work on this case",
        "下一步": "Next step",
        "说明": "Note",
        "居民查进度时看得到；不予办理必须写明原因": "residents see it with their progress; declining needs a reason",
        "提交": "Save",
        "材料不够或者不清楚？": "Papers missing or not readable? ",
        "要求补正": "Ask for a supplement",
        "办理经过": "History",
        "收到申报": "Submission received",
        "对方平台没有接收这份办件：%(why)s。请告诉技术人员": "The other platform did not take this case: %(why)s. Tell a technician",
        "谁看过这份办件": "Who looked at this case",
        # A paper
        "第 %(at)s 份，共 %(count)s 份": "%(at)s of %(count)s",
        "%(name)s，居民交来的图像。图像出不来时，用下面的“存到本机”": (
            "%(name)s, as the resident gave it. If no picture appears, save it with the button below"
        ),
        "%(name)s，第 %(leaf)s 页，居民交来的图像。图像出不来时，用下面的“存到本机”": (
            "%(name)s, page %(leaf)s, as the resident gave it. If no picture appears, save it with the button below"
        ),
        "这份材料不是图像，网页里不打开。请存到本机，用安全的程序查看。": (
            "This paper is no picture, so the page does not open it. Save it, and look at it with a program that is safe."
        ),
        "这份材料丢失或损坏了，平台里读不出来。请告诉技术人员；办理要用的话，请让居民补交。": (
            "This paper is lost or damaged: the platform cannot read it. Tell a technician; if you need it, ask the resident for it."
        ),
        "存到本机": "Save",
        "翻看材料": "Papers of this case",
        "上一份": "Previous",
        "下一份": "Next",
        # A supplement
        "没有保存：请选或者写出要补的材料。": "Not saved: choose the materials that are needed, or write them down.",
        "没有保存：最多 %(most)s 份材料，每份的名称不要太长。": "Not saved: %(most)s materials at most, with short names.",
        "没有保存：请写明要居民做什么，最多 %(longest)s 字。": (
            "Not saved: write what the resident is to do, in %(longest)s characters at most."
        ),
        "没有保存：截止日期要写成 2026-12-01 这样，不能早于今天。": (
            "Not saved: a due date is written like 2026-12-01, and is not before today."
        ),
        "要重新交的材料": "Materials to be handed in again",
        "另外要补的材料": "Other materials",
        "一行写一份": "one on each line",
        "告诉居民": "Tell the resident",
        "哪里不对，怎么补，用大白话": "what is wrong and what to do, in plain words",
        "截止日期": "Due date",
        "可以不填": "may be left out",
        "发给居民": "Send to the resident",
        # The last word on a case
        "确认": "Confirm",
        "%(move)s？": "%(move)s?",
        "确认后这份办件就结束了，不能再改。居民会在进度里看到“%(stage)s”。": (
            "This ends the case; it cannot be changed afterwards. The resident's progress will say “%(stage)s”."
        ),
        "确认：%(move)s": "Confirm: %(move)s",
        "先不办": "Not now",
        # Terminals
        "终端列表": "List of terminals",
        "终端编号": "Terminal",
        "状况": "Health",
        "最近消息": "Last heard of",
        "待送": "To be sent",
        "被退回": "Returned",
        "版本": "Version",
        "已停用": "Revoked",
        "正常": "Good",
        "还没有登记终端": "No terminals registered yet",
        "没有更多终端": "No more terminals",
        "技术人员用 district terminals 登记终端以后，这里会显示它们的状况。": (
            "Once a technician has registered terminals (district terminals), their health is shown here."
        ),
        "从头看": "From the first",
        "后面的": "More",
        "还没有联系过": "never heard of",
        "半小时没有消息": "silent for half an hour",
        "有申报被退回，要人处理": "submissions were returned; somebody has to look",
        "有申报一天没送出": "submissions have waited for a day",
        "磁盘快满了": "the disk is nearly full",
        "时钟不准": "the clock is wrong",
        "证书快到期，没能自己换新，请告诉技术人员": "the certificate ends soon and could not be renewed; tell a technician",
        "证书已经到期，请告诉技术人员": "the certificate is over; tell a technician",
        # The record
        "办件 %(number)s": "Case %(number)s",
        "工作人员": "Staff",
        "时间": "Time",
        "做了什么": "What was done",
        "哪份办件": "Case",
        "详情": "Details",
        "（没有这个用户名）": "(no such name)",
        "没有记录": "No records",
        "换一个名字，或者看：": "Try another name, or ",
        "全部记录": "see all of them",
        "登录、看办件、看材料都会记在这里。": "Sign-ins and every look at a case or a paper are written down here.",
        "最新的": "Newest",
        "登录成功": "Signed in",
        "登录被拒绝": "Sign-in refused",
        "退出登录": "Signed out",
        "改了密码": "Changed the password",
        "退出了其他登录": "Signed out elsewhere",
        "看了办件": "Looked at a case",
        "看了材料": "Looked at a paper",
        "显示了完整号码": "Showed whole numbers",
        "改了办理阶段": "Moved a case",
        "要求了补正": "Asked for a supplement",
        "查找了办件": "Looked for a case",
        "看了查看记录": "Read the record",
        "没有权限，被拒绝": "Refused: not allowed",
        "表单没有被接受": "Form refused",
        "没有找到": "Not found",
        "来自 {}": "from {}",
        "改密码时，现在的密码不对": "wrong present password at a change",
        "退出其他登录时，密码不对": "wrong password at signing out elsewhere",
        "只看 {} 的": "of {} only",
        "材料 {}": "paper {}",
        "材料 {}，第 {} 页": "paper {}, page {}",
        "要求补正的页面": "the page for a supplement",
        "确认“{}”的页面": "the page that confirms “{}”",
        "材料 {} 的页面": "the page of paper {}",
        "想{}": "tried to {}",
        "想{}：{}": "tried to {}: {}",
        "看查看记录": "read the record",
        "看办件": "look at a case",
        "看材料": "look at a paper",
        "显示完整号码": "see whole numbers",
        "改办理阶段": "move a case",
        "提出补正": "ask for a supplement",
        "改自己的账号": "change their account",
        "退出自己的登录": "sign out",
        "页面已经过期": "the page was stale",
        "办件已经变了，或者不能这样办": "the case had changed, or this is not how it goes on",
        "内容太多": "too much",
        "填写的内容不合要求": "wrongly filled in",
        # Messages
        "提示": "Message",
        "这里没有这份办件或材料，或者它属于别的大厅。": "There is no such case or paper here, or it is another hall's.",
        "您的账号不能做这件事": "Your account may not do this",
        "需要的话，请管理员调整账号的权限。这次操作已留下记录。": (
            "If you need it, ask the administrator for the role. That you tried is on record."
        ),
        "没有保存": "Not saved",
        "这个页面放得太久，或者不是从本站打开的。请回到办件，再做一次。": (
            "This page was open for too long, or was not opened from this site. Go back to the cases and do it again."
        ),
        "没有保存：登录已过期": "Not saved: you are no longer signed in",
        "请重新登录，再做一次。": "Sign in again, and do it once more.",
        "没有保存：别人刚刚办过": "Not saved: somebody was quicker",
        "您打开页面之后，有人改了这份办件的阶段。请先看看现在的情况。": (
            "After you opened the page, somebody moved this case. Look first how it stands now."
        ),
        "现在不能这样办": "It cannot go on like that now",
        "什么都没有保存：这份办件现在的阶段不能这样办。请先看看它现在的情况。": (
            "Nothing was saved: this case is at another stage. Look first how it stands now."
        ),
        "填写的内容太长了，请写短一些再提交。": "That is too long. Write it shorter, and send it again.",
        "登录的人太多": "Too many are signing in",
        "请过几秒钟再试。": "Try again in a few seconds.",
        "没有这个网页": "There is no such page",
        "地址可能输错了，或者这个网页已经不在了。请从办件重新找起。": (
            "The address may be wrong, or the page is gone. Begin again at the cases."
        ),
        "现在打不开": "Not now",
        "系统暂时忙不过来，刚才做的没有保存。请过一会儿再试；一直这样，请联系管理员。": (
            "The system is too busy; nothing was saved. Try again in a while; if it stays so, tell the administrator."
        ),
        "出了点问题": "Something went wrong",
        "没有保存。请稍后再试；一直这样，请联系管理员。": (
            "Nothing was saved. Try again later; if it stays so, tell the administrator."
        ),
        "您刚才写的内容，请先复制，离开这个页面就没有了": "What you wrote: copy it now, it is gone when you leave this page",
        "重新登录": "Sign in again",
        "看这份办件": "See the case",
        # Stages, steps and roles
        "材料未齐": "Papers missing",
        "材料齐全": "Complete",
        "已受理": "Accepted",
        "办理中": "In progress",
        "待补正": "Supplement asked for",
        "办结·准予": "Approved",
        "不予办理": "Declined",
        "已补正": "Supplement received",
        "已转办": "Handed on",
        "受理": "Accept",
        "开始办理": "Begin work",
        "办结，准予": "Approve",
        "决定不予办理": "Decline",
        "查看": "Viewer",
        "办理": "Clerk",
        "管理": "Admin",
        "非常满意": "Very good",
        "满意": "Good",
        "基本满意": "Fair",
        "不满意": "Poor",
        "非常不满意": "Very poor",
        # What forms call their parts
        "由别人代办": "Through a proxy",
        "申请人": "Applicant",
        "代办人": "Proxy",
        "姓名": "Name",
        "证件号码": "Document number",
        "性别": "Sex",
        "出生日期": "Date of birth",
        "出示的证件": "Document shown",
        "证件类型": "Kind of document",
        "核验方式": "How it was verified",
        "身份核验": "Identity",
        "手机号码": "Mobile number",
        "村（社区）": "Village or community",
        "户口性质": "Household registration",
        "缴费档次": "Contribution level",
        "收款银行卡号": "Bank card for payments",
        "找不到本人时找谁": "Whom to ask otherwise",
        "地址": "Address",
        "材料页数": "Pages",
        "知情同意": "Consent",
        "签名时间": "Signed at",
        "签名": "Signature",
        "办理语言": "Language",
        "手写的内容": "Written by hand",
        "户口簿": "Household register",
        "银行卡": "Bank card",
        "城乡居民养老保险参保登记": "Residents' pension: enrolment",
        "养老金发放账户变更": "Pension: change of account",
        "文件": "File",
        "中文": "Chinese",
        "英文": "English",
        "男": "male",
        "女": "female",
        "居民身份证": "resident identity card",
        "社会保障卡": "social security card",
        "护照或出入境证件": "passport or travel document",
        "比利时身份证": "Belgian identity card",
        "马来西亚身份证": "Malaysian identity card",
        "泰国身份证": "Thai identity card",
        "芯片验证通过，不是复制的": "the chip proved that it is no copy",
        "卡上信息有发证机关的签名，核对无误": "what the card says is signed by its issuer, and right",
        "经过专用安全模块读出": "read through the security module for it",
        "读自卡上，没有签名可以核对": "read from the card; there is no signature to verify",
        "农业户口": "rural",
        "非农业户口": "urban",
        "居民户口（不分农业非农业）": "resident (neither rural nor urban)",
        "不用，只找我": "nobody, only myself",
        "{}（手写）": "{} (by hand)",
        "{}（大厅名单里的编号）": "{} (its number in the hall's list)",
        "是": "yes",
        "否": "no",
        # Why another platform did not take a case
        "缺少对方要的“{}”": "“{}” is missing, which it needs",
        "对方的编码表“{}”里没有这一项": "its code table “{}” does not have this",
        "“{}”的写法对方用不了": "it cannot use “{}” as it is written",
        "“{}”里有对方用不了的字": "“{}” has characters that it cannot use",
        "办件太大，对方收不下": "the case is too large for it",
        "有一份材料取不出来": "a paper could not be read",
        "内容已经按保存期删除": "its content was erased at the end of its time",
        "对方的答复是 {}": "its answer is {}",
        "对方的服务器答复 HTTP {}": "its server answers HTTP {}",
        "原因见代码": "see the code",
        # Where slips point to
        "查询办件进度": "Progress of a case",
        "请到自助终端扫码查询进度": "See your progress at a self-service terminal",
        "把凭条上的二维码放到任意一台便民服务自助终端的摄像头下，就能看到办到哪一步了。": (
            "Hold the code on your slip under the camera of any self-service terminal to see how far it is."
        ),
        "也可以带上身份证或社会保障卡，到服务大厅窗口请工作人员查询。": (
            "Or come to the counter of a service hall with your identity card or social security card, and ask the staff."
        ),
    }
)
