<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="zh_CN">
<context>
    <name>Ask</name>
    <message>
        <source>没认出来，请自己按，或者再放一次</source>
        <translation>Not read: type it or try again</translation>
    </message>
    <message>
        <source>让摄像头看</source>
        <translation>Use camera</translation>
    </message>
    <message>
        <source>改好了</source>
        <translation>Done</translation>
    </message>
    <message>
        <source>下一步</source>
        <translation>Next</translation>
    </message>
    <message>
        <source>按下面的数字</source>
        <translation>Touch the digits below</translation>
    </message>
    <message>
        <source>点这里，写下来</source>
        <translation>Touch here to write</translation>
    </message>
    <message>
        <source>点一下白框，键盘就出来，打拼音就行。</source>
        <translation>Touch the white box and a keyboard appears.</translation>
    </message>
</context>
<context>
    <name>AskConsent</name>
    <message>
        <source>先请您同意</source>
        <translation>First, your consent</translation>
    </message>
    <message>
        <source>同意了才会读卡。</source>
        <translation>The card is read only if you agree.</translation>
    </message>
    <message>
        <source>我同意，继续</source>
        <translation>I agree, go on</translation>
    </message>
</context>
<context>
    <name>AskModel</name>
    <message>
        <source>请先写好，再点下一步</source>
        <translation>Please write it first, then touch Next</translation>
    </message>
    <message>
        <source>请先选一个，再点下一步</source>
        <translation>Please choose one first, then touch Next</translation>
    </message>
</context>
<context>
    <name>CardStage</name>
    <message>
        <source>放卡的地方</source>
        <translation>Where the card goes</translation>
    </message>
</context>
<context>
    <name>ChooseMatter</name>
    <message>
        <source>要办哪一件？</source>
        <translation>What would you like to do?</translation>
    </message>
    <message>
        <source>别的事，请到窗口办。</source>
        <translation>For anything else, please use the counter.</translation>
    </message>
</context>
<context>
    <name>Digits</name>
    <message>
        <source>清空</source>
        <translation>Clear</translation>
    </message>
    <message>
        <source>删一位</source>
        <translation>Delete</translation>
    </message>
    <message>
        <source>数字</source>
        <translation>123</translation>
    </message>
    <message>
        <source>字母</source>
        <translation>ABC</translation>
    </message>
</context>
<context>
    <name>FindByCard</name>
    <message>
        <source>请把您的卡放在读卡处</source>
        <translation>Put your card on the reader</translation>
    </message>
    <message>
        <source>您在这里办过的</source>
        <translation>What you did here before</translation>
    </message>
    <message>
        <source>没有找到办过的事</source>
        <translation>Nothing found</translation>
    </message>
    <message>
        <source>社会保障卡，芯片朝下。</source>
        <translation>Social security card, chip down.</translation>
    </message>
    <message>
        <source>如果是在别处办的，请问工作人员。</source>
        <translation>If you did it elsewhere, please ask staff.</translation>
    </message>
</context>
<context>
    <name>FindBySlip</name>
    <message>
        <source>把凭条放在摄像头下</source>
        <translation>Put the slip under the camera</translation>
    </message>
    <message>
        <source>这张凭条</source>
        <translation>This slip</translation>
    </message>
    <message>
        <source>二维码朝上，放平就行。</source>
        <translation>Lay it flat, with the code facing up.</translation>
    </message>
</context>
<context>
    <name>FindBySlipModel</name>
    <message>
        <source>这张凭条是真的</source>
        <translation>This slip is genuine</translation>
    </message>
    <message>
        <source>不是在这台终端办的，这里查不到进度。请到打凭条的大厅查，或者问工作人员。</source>
        <translation>It is from another terminal, so its progress cannot be seen here. Please ask in the hall that printed it, or ask staff.</translation>
    </message>
</context>
<context>
    <name>FoundList</name>
    <message>
        <source>暂存号 %1，%2</source>
        <translation>Provisional no. %1, %2</translation>
    </message>
    <message>
        <source>补打凭条</source>
        <translation>Print again</translation>
    </message>
</context>
<context>
    <name>Frame</name>
    <message>
        <source>演练，不会真的办理</source>
        <translation>Practice only, nothing is sent</translation>
    </message>
    <message>
        <source>自助办理</source>
        <translation>Self-service</translation>
    </message>
    <message>
        <source>叫人帮忙</source>
        <translation>Call staff</translation>
    </message>
    <message>
        <source>关怀模式</source>
        <translation>Large text</translation>
    </message>
    <message>
        <source>高对比</source>
        <translation>Contrast</translation>
    </message>
    <message>
        <source>结束</source>
        <translation>Finish</translation>
    </message>
</context>
<context>
    <name>HandedIn</name>
    <message>
        <source>办好了，结束</source>
        <translation>All done, finish</translation>
    </message>
    <message>
        <source>再办一件</source>
        <translation>Something else</translation>
    </message>
    <message>
        <source>凭条二维码</source>
        <translation>The slip&apos;s QR code</translation>
    </message>
    <message>
        <source>暂存号</source>
        <translation>Provisional number</translation>
    </message>
    <message>
        <source>办件编号 %1</source>
        <translation>Case number %1</translation>
    </message>
    <message>
        <source>凭条丢了也没关系，放卡能查。</source>
        <translation>If you lose the slip, your card finds it.</translation>
    </message>
    <message>
        <source>再打一次</source>
        <translation>Print again</translation>
    </message>
    <message>
        <source>谢谢您的评价</source>
        <translation>Thank you for rating</translation>
    </message>
    <message>
        <source>这次办得怎么样？</source>
        <translation>How was it?</translation>
    </message>
</context>
<context>
    <name>HandedInModel</name>
    <message>
        <source>已撤销</source>
        <translation>Withdrawn</translation>
    </message>
    <message>
        <source>已交到区里，请取凭条</source>
        <translation>Sent to the district. Take your slip</translation>
    </message>
    <message>
        <source>已交到区里</source>
        <translation>Sent to the district</translation>
    </message>
    <message>
        <source>已存好，请取凭条</source>
        <translation>Stored. Take your slip</translation>
    </message>
    <message>
        <source>已存好</source>
        <translation>Stored</translation>
    </message>
    <message>
        <source>区里收到了，您不用再来。想看进度，来这里放卡就能查。</source>
        <translation>The district has it; no need to come again. To see how it goes, lay your card here any time.</translation>
    </message>
    <message>
        <source>还要工作人员处理一下。您填的都在，不用重新填。</source>
        <translation>Staff still have to look at it. All you entered is kept.</translation>
    </message>
    <message>
        <source>工作人员撤销了，不会报送到区里。想再办，请问工作人员。</source>
        <translation>Staff withdrew it: it is not sent to the district. If you still want it, please ask staff.</translation>
    </message>
    <message>
        <source>还没有报送到区里。网络通了会自动报送，您不用再来。</source>
        <translation>It is not sent yet. It goes to the district by itself once the network is back. You need not come again.</translation>
    </message>
    <message>
        <source>非常满意</source>
        <translation>Very good</translation>
    </message>
    <message>
        <source>满意</source>
        <translation>Good</translation>
    </message>
    <message>
        <source>基本满意</source>
        <translation>Fair</translation>
    </message>
    <message>
        <source>不满意</source>
        <translation>Poor</translation>
    </message>
    <message>
        <source>非常不满意</source>
        <translation>Very poor</translation>
    </message>
</context>
<context>
    <name>HandingIn</name>
    <message>
        <source>没有存上</source>
        <translation>It was not stored</translation>
    </message>
    <message>
        <source>正在存好，请稍等</source>
        <translation>Storing, please wait</translation>
    </message>
    <message>
        <source>再试一次</source>
        <translation>Try again</translation>
    </message>
    <message>
        <source>先存在这台机器里，断电也不会丢。</source>
        <translation>It is kept on this machine, even if the power fails.</translation>
    </message>
</context>
<context>
    <name>Identify</name>
    <message>
        <source>对，就是</source>
        <translation>Yes, that is right</translation>
    </message>
    <message>
        <source>不是，换卡</source>
        <translation>No, other card</translation>
    </message>
    <message>
        <source>让摄像头看证件</source>
        <translation>Show to camera</translation>
    </message>
    <message>
        <source>正在读卡，请别拿走</source>
        <translation>Reading the card, please leave it there</translation>
    </message>
</context>
<context>
    <name>IdentifyModel</name>
    <message>
        <source>是这个人吗？</source>
        <translation>Is this the person?</translation>
    </message>
    <message>
        <source>是您本人吗？</source>
        <translation>Is this you?</translation>
    </message>
    <message>
        <source>请把您的卡放在读卡处</source>
        <translation>Put your card on the reader</translation>
    </message>
    <message>
        <source>先放您自己的卡</source>
        <translation>First, your own card</translation>
    </message>
    <message>
        <source>再放家人的卡</source>
        <translation>Now the other person&apos;s card</translation>
    </message>
    <message>
        <source>只显示一部分，别人看不全。</source>
        <translation>Only part is shown, so nobody else can read it.</translation>
    </message>
    <message>
        <source>要办事的那个人的社会保障卡。您的卡可以拿走了。</source>
        <translation>The social security card of the person it is for. You can take yours back.</translation>
    </message>
    <message>
        <source>社会保障卡，芯片朝下，放好别动。</source>
        <translation>Social security card, chip down. Leave it there.</translation>
    </message>
</context>
<context>
    <name>LayDocument</name>
    <message>
        <source>正在读证件</source>
        <translation>Reading the document</translation>
    </message>
    <message>
        <source>请把证件放回读卡处</source>
        <translation>Now back on the reader</translation>
    </message>
    <message>
        <source>大约要十秒。</source>
        <translation>About ten seconds.</translation>
    </message>
    <message>
        <source>合上放平，放好别动。</source>
        <translation>Closed and flat, and leave it there.</translation>
    </message>
    <message>
        <source>正在读卡，请别拿走</source>
        <translation>Reading, please leave it there</translation>
    </message>
</context>
<context>
    <name>LivePicture</name>
    <message>
        <source>摄像头开着</source>
        <translation>Camera on</translation>
    </message>
    <message>
        <source>正在打开摄像头</source>
        <translation>Starting the camera</translation>
    </message>
</context>
<context>
    <name>OfferBand</name>
    <message>
        <source>看到的是这个，要用吗？</source>
        <translation>Read this. Use it?</translation>
    </message>
    <message>
        <source>不是</source>
        <translation>No</translation>
    </message>
    <message>
        <source>用这个</source>
        <translation>Use it</translation>
    </message>
</context>
<context>
    <name>Overlays</name>
    <message>
        <source>您还在吗？</source>
        <translation>Are you still there?</translation>
    </message>
    <message>
        <source>还有 %1 秒就结束。结束后，填过的都会清掉。</source>
        <translation>This ends in %1 seconds. Then all you entered is erased.</translation>
    </message>
    <message>
        <source>我还在，接着办</source>
        <translation>I am here, go on</translation>
    </message>
    <message>
        <source>办完了，结束</source>
        <translation>I am done, finish</translation>
    </message>
    <message>
        <source>放上了另一张卡</source>
        <translation>Another card was put down</translation>
    </message>
    <message>
        <source>这是 %1 的卡。要换人办吗？换人的话，前面填的会清掉。</source>
        <translation>This is the card of %1. Change to this person? Then what was entered is erased.</translation>
    </message>
    <message>
        <source>不换，接着办原来的</source>
        <translation>No, go on as before</translation>
    </message>
    <message>
        <source>换成 %1 办</source>
        <translation>Change to %1</translation>
    </message>
    <message>
        <source>现在结束吗？</source>
        <translation>Finish now?</translation>
    </message>
    <message>
        <source>还没有交上去。结束后，填过的都会清掉，下次要重新填。</source>
        <translation>It is not handed in yet. If you finish, all you entered is erased.</translation>
    </message>
    <message>
        <source>不结束，接着办</source>
        <translation>No, go on</translation>
    </message>
    <message>
        <source>结束，清掉我填的</source>
        <translation>Finish and erase</translation>
    </message>
    <message>
        <source>请工作人员来帮忙</source>
        <translation>Ask staff for help</translation>
    </message>
    <message>
        <source>请举手示意，工作人员看到这个画面就会过来。您填的都还在。</source>
        <translation>Raise your hand: staff come when they see this screen. Nothing you entered is lost.</translation>
    </message>
    <message>
        <source>知道了，我接着办</source>
        <translation>All right, go on</translation>
    </message>
</context>
<context>
    <name>PagedColumn</name>
    <message>
        <source>看前面的</source>
        <translation>Earlier</translation>
    </message>
    <message>
        <source>看更多</source>
        <translation>Show more</translation>
    </message>
</context>
<context>
    <name>Pager</name>
    <message>
        <source>看更多</source>
        <translation>Show more</translation>
    </message>
    <message>
        <source>看前面的</source>
        <translation>Earlier</translation>
    </message>
</context>
<context>
    <name>Refused</name>
    <message>
        <source>知道了</source>
        <translation>All right</translation>
    </message>
</context>
<context>
    <name>Review</name>
    <message>
        <source>请核对一遍</source>
        <translation>Please check everything</translation>
    </message>
    <message>
        <source>不对的，点右边改。</source>
        <translation>If something is wrong, touch Edit beside it.</translation>
    </message>
    <message>
        <source>没错，去签名</source>
        <translation>All correct, sign</translation>
    </message>
    <message>
        <source>改</source>
        <translation>Edit</translation>
    </message>
</context>
<context>
    <name>ReviewModel</name>
    <message>
        <source>参保人</source>
        <translation>For</translation>
    </message>
    <message>
        <source>代办人</source>
        <translation>Acting for them</translation>
    </message>
    <message>
        <source>{count} 页</source>
        <translation>Pages: {count}</translation>
    </message>
    <message>
        <source>{pages}，号码和卡上的不一样</source>
        <translation>{pages}, another number than the card&apos;s</translation>
    </message>
</context>
<context>
    <name>ScanPapers</name>
    <message>
        <source>手动拍照</source>
        <translation>Take the picture</translation>
    </message>
    <message>
        <source>清楚，下一步</source>
        <translation>Clear, next</translation>
    </message>
    <message>
        <source>重拍</source>
        <translation>Take again</translation>
    </message>
    <message>
        <source>转一下</source>
        <translation>Turn it</translation>
    </message>
</context>
<context>
    <name>ScanPapersModel</name>
    <message>
        <source>看看清不清楚，不清楚就重拍。</source>
        <translation>Is it easy to read? If not, take it again.</translation>
    </message>
    <message>
        <source>重拍第 {number} 页，拍好才换掉旧的。</source>
        <translation>Taking page {number} again. The old one stays until then.</translation>
    </message>
    <message>
        <source>再拍背面。</source>
        <translation>Now the back.</translation>
    </message>
    <message>
        <source>先拍正面。</source>
        <translation>The front first.</translation>
    </message>
    <message>
        <source>拍好了，正在处理…</source>
        <translation>Taken, please wait…</translation>
    </message>
    <message>
        <source>摄像头正在打开…</source>
        <translation>The camera is starting…</translation>
    </message>
    <message>
        <source>很清楚，别动…</source>
        <translation>Clear. Hold still…</translation>
    </message>
    <message>
        <source>这一面拍过了，请把卡翻过来</source>
        <translation>This side is done; please turn the card over</translation>
    </message>
    <message>
        <source>这张纸上的号码和卡上的不一样，是这份吗？</source>
        <translation>Other number: right page?</translation>
    </message>
    <message>
        <source>第 {number} 页</source>
        <translation>Page {number}</translation>
    </message>
    <message>
        <source>背面</source>
        <translation>Back</translation>
    </message>
    <message>
        <source>正面</source>
        <translation>Front</translation>
    </message>
    <message>
        <source>第 {number} 张，{side}</source>
        <translation>Card {number}, {side}</translation>
    </message>
    <message>
        <source>{count} 页</source>
        <translation>Pages: {count}</translation>
    </message>
    <message>
        <source>还没拍</source>
        <translation>not yet</translation>
    </message>
    <message>
        <source>拍背面</source>
        <translation>Take the back</translation>
    </message>
    <message>
        <source>再拍一张</source>
        <translation>Add a card</translation>
    </message>
    <message>
        <source>再拍一页</source>
        <translation>Add a page</translation>
    </message>
    <message>
        <source>不要这张</source>
        <translation>Remove</translation>
    </message>
    <message>
        <source>不要这页</source>
        <translation>Remove</translation>
    </message>
</context>
<context>
    <name>Screen</name>
    <message>
        <source>上一步</source>
        <translation>Back</translation>
    </message>
    <message>
        <source>下一步</source>
        <translation>Next</translation>
    </message>
</context>
<context>
    <name>ShowDocument</name>
    <message>
        <source>请把照片页放到摄像头下</source>
        <translation>Photo page under the camera</translation>
    </message>
    <message>
        <source>证件要先看上面印的字才能读，看完再放回读卡处。</source>
        <translation>It opens only to what is printed on it. Then it goes back on the reader.</translation>
    </message>
    <message>
        <source>自己输入</source>
        <translation>Type it</translation>
    </message>
</context>
<context>
    <name>ShowDocumentModel</name>
    <message>
        <source>和证件对不上，请再放一次</source>
        <translation>No match: once more, please</translation>
    </message>
    <message>
        <source>摄像头正在打开…</source>
        <translation>The camera is starting…</translation>
    </message>
    <message>
        <source>请放平，整页都要看得见</source>
        <translation>Lay it flat, the whole page in view</translation>
    </message>
    <message>
        <source>看到了，正在认字，别动…</source>
        <translation>Found it, reading, hold still…</translation>
    </message>
    <message>
        <source>看不清，请放平，转一下避开反光</source>
        <translation>Not clear: lay it flat, turn it away from glare</translation>
    </message>
    <message>
        <source>现在认不了字，请自己输入</source>
        <translation>It cannot be read now, please type it</translation>
    </message>
</context>
<context>
    <name>ShowGuide</name>
    <message>
        <source>开始办</source>
        <translation>Start</translation>
    </message>
</context>
<context>
    <name>ShowGuideModel</name>
    <message>
        <source>在这里办大约 {minutes} 分钟。</source>
        <translation>About {minutes} minutes here.</translation>
    </message>
    <message>
        <source>谁可以办</source>
        <translation>Who can</translation>
    </message>
    <message>
        <source>要带什么</source>
        <translation>What to bring</translation>
    </message>
    <message>
        <source>要多久</source>
        <translation>How long</translation>
    </message>
    <message>
        <source>花多少钱</source>
        <translation>What it costs</translation>
    </message>
</context>
<context>
    <name>ShowPaper</name>
    <message>
        <source>认出来先给您看，对不对由您定。照片不留。</source>
        <translation>You decide whether it is right. The picture is not kept.</translation>
    </message>
    <message>
        <source>手动拍照</source>
        <translation>Take it now</translation>
    </message>
    <message>
        <source>正在认字，请稍等</source>
        <translation>Reading, one moment</translation>
    </message>
    <message>
        <source>正在打开摄像头</source>
        <translation>Starting the camera</translation>
    </message>
</context>
<context>
    <name>ShowPaperModel</name>
    <message>
        <source>请放上银行卡，号码朝上</source>
        <translation>Lay down the bank card, number up</translation>
    </message>
    <message>
        <source>请放上写着名字的证件或户口簿</source>
        <translation>Lay down a card or register page with the name</translation>
    </message>
    <message>
        <source>拍好了，正在认字…</source>
        <translation>Taken, reading…</translation>
    </message>
    <message>
        <source>摄像头正在打开…</source>
        <translation>The camera is starting…</translation>
    </message>
    <message>
        <source>放好了就点“手动拍照”</source>
        <translation>Touch Take it now when it lies well</translation>
    </message>
    <message>
        <source>很清楚，别动…</source>
        <translation>Clear, hold still…</translation>
    </message>
</context>
<context>
    <name>Sign</name>
    <message>
        <source>请用手指签名</source>
        <translation>Sign with your finger</translation>
    </message>
    <message>
        <source>签在白框里，写大一点。</source>
        <translation>Write your name large in the white box.</translation>
    </message>
    <message>
        <source>交给区里办理</source>
        <translation>Send to the district</translation>
    </message>
    <message>
        <source>重签</source>
        <translation>Sign again</translation>
    </message>
    <message>
        <source>还没有签名，请先签在框里</source>
        <translation>There is no signature yet. Please sign in the box.</translation>
    </message>
</context>
<context>
    <name>SignaturePad</name>
    <message>
        <source>请用手指在这里写名字</source>
        <translation>Write your name here with your finger</translation>
    </message>
</context>
<context>
    <name>StaffCode</name>
    <message>
        <source>工作人员口令</source>
        <translation>Staff code</translation>
    </message>
    <message>
        <source>这里只给大厅工作人员用。</source>
        <translation>This is for hall staff only.</translation>
    </message>
    <message>
        <source>进入</source>
        <translation>Open</translation>
    </message>
    <message>
        <source>按下面的数字</source>
        <translation>Use the digits below</translation>
    </message>
</context>
<context>
    <name>StaffCodeModel</name>
    <message>
        <source>输错太多次，请过一刻钟再试</source>
        <translation>Too many wrong codes: try again in a quarter of an hour</translation>
    </message>
    <message>
        <source>口令不对，请再输一次</source>
        <translation>Wrong code, please try again</translation>
    </message>
</context>
<context>
    <name>StaffView</name>
    <message>
        <source>关闭</source>
        <translation>Close</translation>
    </message>
    <message>
        <source>正在报送</source>
        <translation>Being sent</translation>
    </message>
    <message>
        <source>重新报送</source>
        <translation>Send again</translation>
    </message>
</context>
<context>
    <name>StaffViewModel</name>
    <message>
        <source>正在查看…</source>
        <translation>Looking…</translation>
    </message>
    <message>
        <source>{count} 件要处理，先列 {shown} 件</source>
        <translation>{count} need attention, {shown} shown</translation>
    </message>
    <message>
        <source>{count} 件要处理</source>
        <translation>{count} need attention</translation>
    </message>
    <message>
        <source>没有要处理的申报</source>
        <translation>Nothing needs attention</translation>
    </message>
    <message>
        <source>没有等待报送的申报。</source>
        <translation>Nothing is waiting to be sent.</translation>
    </message>
    <message>
        <source>{count} 件等待报送，最早 {time}。</source>
        <translation>{count} waiting since {time}.</translation>
    </message>
    <message>
        <source>还没开始报送，共 {size}</source>
        <translation>Not begun, {size} in all</translation>
    </message>
    <message>
        <source>已报送 {percent}%，{sent} / {size}</source>
        <translation>{percent}% sent, {sent} of {size}</translation>
    </message>
</context>
<context>
    <name>TerminalModel</name>
    <message>
        <source>认人</source>
        <translation>Card</translation>
    </message>
    <message>
        <source>填写</source>
        <translation>Answers</translation>
    </message>
    <message>
        <source>材料</source>
        <translation>Papers</translation>
    </message>
    <message>
        <source>核对</source>
        <translation>Check</translation>
    </message>
    <message>
        <source>签名</source>
        <translation>Sign</translation>
    </message>
    <message>
        <source>{count} 件要处理</source>
        <translation>{count} held for staff</translation>
    </message>
    <message>
        <source>打印纸快用完了</source>
        <translation>Paper is running low</translation>
    </message>
</context>
<context>
    <name>Thanks</name>
    <message>
        <source>谢谢，慢走</source>
        <translation>Thank you, goodbye</translation>
    </message>
    <message>
        <source>卡和材料都带好。屏幕上的内容马上清除。</source>
        <translation>Take your card and papers. The screen is cleared now.</translation>
    </message>
</context>
<context>
    <name>TypeDocument</name>
    <message>
        <source>按号码输入</source>
        <translation>Number and dates</translation>
    </message>
    <message>
        <source>只有六位数字</source>
        <translation>Six digits only</translation>
    </message>
    <message>
        <source>按下面的字母和数字</source>
        <translation>Use the keys below</translation>
    </message>
    <message>
        <source>按下面的数字</source>
        <translation>Use the digits below</translation>
    </message>
</context>
<context>
    <name>TypeDocumentModel</name>
    <message>
        <source>证件号码是多少？</source>
        <translation>Document number?</translation>
    </message>
    <message>
        <source>证件上的出生日期？</source>
        <translation>Date of birth?</translation>
    </message>
    <message>
        <source>证件有效期到哪一天？</source>
        <translation>Valid until?</translation>
    </message>
    <message>
        <source>证件上的六位数字？</source>
        <translation>The six digits?</translation>
    </message>
    <message>
        <source>照着证件按，有字母的也要按。</source>
        <translation>As it is printed, letters too.</translation>
    </message>
    <message>
        <source>年、月、日八位数字，比如 1968 03 05。</source>
        <translation>Year, month, day: eight digits, like 1968 03 05.</translation>
    </message>
    <message>
        <source>单独印在证件正面的六位数字，写着 CAN。</source>
        <translation>They stand alone on the front, marked CAN.</translation>
    </message>
    <message>
        <source>和证件对不上，请再看一遍</source>
        <translation>No match: please compare</translation>
    </message>
    <message>
        <source>号码太短，请再看一看</source>
        <translation>Too short, please look again</translation>
    </message>
    <message>
        <source>没有这一天，请按八位数字</source>
        <translation>There is no such day; use eight digits</translation>
    </message>
    <message>
        <source>要六位数字</source>
        <translation>Six digits are needed</translation>
    </message>
</context>
<context>
    <name>Welcome</name>
    <message>
        <source>您好，今天要办什么？</source>
        <translation>Hello, what can we do for you?</translation>
    </message>
    <message>
        <source>放上社会保障卡就能开始，不会打字也能办。</source>
        <translation>Your social security card is enough to begin. No typing skills needed.</translation>
    </message>
    <message>
        <source>放卡，或点这里</source>
        <translation>Lay your card, or touch here</translation>
    </message>
    <message>
        <source>社会保障卡放在读卡处。替家人办，也从这里开始。</source>
        <translation>Or put your social security card on the reader. For family members, too.</translation>
    </message>
    <message>
        <source>办过的，来看看</source>
        <translation>What you did before</translation>
    </message>
    <message>
        <source>查进度</source>
        <translation>Progress</translation>
    </message>
    <message>
        <source>凭条丢了也行</source>
        <translation>Even without a slip</translation>
    </message>
    <message>
        <source>不会用没关系，点下面的“叫人帮忙”。</source>
        <translation>Need a hand? Touch Call staff below.</translation>
    </message>
    <message>
        <source>扫凭条</source>
        <translation>Scan a slip</translation>
    </message>
    <message>
        <source>凭条上的二维码</source>
        <translation>By its QR code</translation>
    </message>
</context>
<context>
    <name>WhoFor</name>
    <message>
        <source>这次替谁办？</source>
        <translation>Who is it for?</translation>
    </message>
    <message>
        <source>我自己</source>
        <translation>For me</translation>
    </message>
    <message>
        <source>只要放您自己的卡</source>
        <translation>Only your own card</translation>
    </message>
    <message>
        <source>替别人</source>
        <translation>For someone else</translation>
    </message>
    <message>
        <source>替家人办，两个人的卡都要放</source>
        <translation>For family; bring both cards</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>女</source>
        <translation>Female</translation>
    </message>
    <message>
        <source>男</source>
        <translation>Male</translation>
    </message>
    <message>
        <source>{year} 年生</source>
        <translation>Born in {year}</translation>
    </message>
    <message>
        <source>请把纸平放在黑色台面上</source>
        <translation>Lay the paper flat on the dark mat</translation>
    </message>
    <message>
        <source>台面太亮，请垫上黑色的垫子</source>
        <translation>The table is too light; use the dark mat</translation>
    </message>
    <message>
        <source>太暗了，请叫人开灯</source>
        <translation>Too dark; please call staff</translation>
    </message>
    <message>
        <source>太亮了，请挡一下光</source>
        <translation>Too bright; please shade it</translation>
    </message>
    <message>
        <source>纸没放全，请往中间挪</source>
        <translation>Part is cut off; move it to the middle</translation>
    </message>
    <message>
        <source>纸太靠边了，请往中间挪</source>
        <translation>Too near the edge; please move it to the middle</translation>
    </message>
    <message>
        <source>纸放斜了，请摆正、放平</source>
        <translation>Please lay it straight and flat</translation>
    </message>
    <message>
        <source>纸离得太远，请放近一点</source>
        <translation>Too far away; bring it closer</translation>
    </message>
    <message>
        <source>有反光，请转一下纸</source>
        <translation>It reflects light; turn the paper a little</translation>
    </message>
    <message>
        <source>手挡住了，请把手拿开</source>
        <translation>Please take your hand away</translation>
    </message>
    <message>
        <source>这一页拍过了，请换下一页</source>
        <translation>This page is done; please lay down the next</translation>
    </message>
    <message>
        <source>看到了，请放稳别动</source>
        <translation>Seen; please keep it still</translation>
    </message>
    <message>
        <source>有点模糊，请放稳别动</source>
        <translation>Blurred; please keep it still</translation>
    </message>
    <message>
        <source>看不到字，请翻到有字的一面</source>
        <translation>No writing seen; turn it over</translation>
    </message>
    <message>
        <source>好像倒了，可以点“转一下”</source>
        <translation>Looks upside down; “Turn it” helps</translation>
    </message>
    <message>
        <source>和另一页很像，重复的可以不要</source>
        <translation>Looks like another page; remove it if it is the same</translation>
    </message>
    <message>
        <source>已存好，网络恢复后自动报送</source>
        <translation>Stored; sent by itself once the network is back</translation>
    </message>
    <message>
        <source>区里收到了，材料还在传</source>
        <translation>The district has it; papers are still being sent</translation>
    </message>
    <message>
        <source>区里收到了，办件编号 {number}</source>
        <translation>The district has it, case number {number}</translation>
    </message>
    <message>
        <source>区里收到了</source>
        <translation>The district has it</translation>
    </message>
    <message>
        <source>已存好，要工作人员处理一下</source>
        <translation>Stored; staff have to look at it</translation>
    </message>
    <message>
        <source>已撤销</source>
        <translation>Withdrawn</translation>
    </message>
    <message>
        <source>办过的事</source>
        <translation>An earlier matter</translation>
    </message>
    <message>
        <source>别的大厅</source>
        <translation>Another hall</translation>
    </message>
    <message>
        <source>在 {terminal} 号终端办的</source>
        <translation>Handed in at terminal {terminal}</translation>
    </message>
    <message>
        <source>凭条正在打印，请稍等</source>
        <translation>The slip is being printed, please wait</translation>
    </message>
    <message>
        <source>凭条打好了，请取走</source>
        <translation>The slip is printed, please take it</translation>
    </message>
</context>
</TS>
