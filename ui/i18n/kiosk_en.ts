<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="zh_CN">
<context>
    <name>AskModel</name>
    <message>
        <source>请先写好，再点下一步</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>请先选一个，再点下一步</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ChooseMatter</name>
    <message>
        <source>要办哪一件？</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Digits</name>
    <message>
        <source>清空</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>删一位</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Frame</name>
    <message>
        <source>演练，不会真的办理</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>自助办理</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>叫人帮忙</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>关怀模式</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>高对比</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>结束</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>HandedInModel</name>
    <message>
        <source>已交到区里，请取凭条</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>已交到区里</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>已存好，请取凭条</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>已存好</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>区里收到了，您不用再来。办好了会发短信。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>还要工作人员处理一下。您填的都在，不用重新填。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>还没有报送到区里。网络通了会自动报送，您不用再来。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>非常满意</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>满意</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>基本满意</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>不满意</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>非常不满意</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>IdentifyModel</name>
    <message>
        <source>是这个人吗？</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>是您本人吗？</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>请把您的卡放在读卡处</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>先放您自己的卡</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>再放家人的卡</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>只显示一部分，别人看不全。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>要办事的那个人的社会保障卡。您的卡可以拿走了。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>社会保障卡，芯片朝下，放好别动。</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LivePicture</name>
    <message>
        <source>拍摄中</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>正在打开摄像头</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Overlays</name>
    <message>
        <source>您还在吗？</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>还有 %1 秒就结束。结束后，填过的都会清掉。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>我还在，接着办</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>办完了，结束</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>放上了另一张卡</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>这是 %1 的卡。要换人办吗？换人的话，前面填的会清掉。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>不换，接着办原来的</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>换成 %1 办</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>现在结束吗？</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>还没有交上去。结束后，填过的都会清掉，下次要重新填。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>不结束，接着办</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>结束，清掉我填的</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>已经叫了工作人员</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>请在这里等一下。您填的都还在。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>知道了，我接着办</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Pager</name>
    <message>
        <source>看更多</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>看前面的</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ReviewModel</name>
    <message>
        <source>参保人</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>代办人</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} 页</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ScanPapersModel</name>
    <message>
        <source>看看清不清楚，不清楚就重拍。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>拍好了，正在处理…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>摄像头正在打开…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>很清楚，别动…</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Screen</name>
    <message>
        <source>上一步</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>下一步</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ShowGuide</name>
    <message>
        <source>开始办</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ShowGuideModel</name>
    <message>
        <source>在这里办大约 {minutes} 分钟。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>谁可以办</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>要带什么</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>要多久</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>花多少钱</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>SignaturePad</name>
    <message>
        <source>请用手指在这里写名字</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>重写</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TerminalModel</name>
    <message>
        <source>认人</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>填写</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>材料</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>核对</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>签名</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Welcome</name>
    <message>
        <source>您好，今天要办什么？</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>放上社会保障卡就能开始，不会打字也能办。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>放卡开始，或点这里</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>社会保障卡放在读卡处。替家人办，也从这里开始。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>办过的，来看看</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>查进度</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>放卡，凭条丢了也行</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>扫凭条</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>凭条上的二维码</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>WhoFor</name>
    <message>
        <source>这次替谁办？</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>替家人办，两个人的卡都要放。</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>我自己</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>替别人</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>女</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>男</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{year} 年生</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>请把纸平放在黑色台面上</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>台面太亮，请垫上黑色的垫子</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>太暗了，请叫人开灯</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>太亮了，请挡一下光</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>纸没放全，请往中间挪</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>纸离得太远，请放近一点</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>有反光，请转一下纸</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>手挡住了，请把手拿开</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>有点模糊，请放稳别动</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>看不到字，请翻到有字的一面</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>已存好，网络恢复后自动报送</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>区里收到了，材料还在传</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>区里收到了，办件编号 {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>区里收到了</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>已存好，要工作人员处理一下</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>已撤销</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>凭条正在打印，请稍等</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>凭条打好了，请取走</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
