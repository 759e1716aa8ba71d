//! The small print around a page, by language: what menus, buttons and footers say.

pub struct Phrases {
    pub menu: &'static [&'static str],
    pub share: &'static [&'static str],
    pub recent: &'static [&'static str],
    pub about: &'static [&'static str],
    pub tags: &'static [&'static str],
    pub posted: &'static [&'static str],
    pub comment: &'static [&'static str],
    pub send: &'static [&'static str],
    pub footer: &'static [&'static str],
    pub search: &'static str,
    pub member: &'static [&'static str],
    pub reply: &'static [&'static str],
    pub like: &'static str,
    pub price: &'static [&'static str],
    pub basket: &'static [&'static str],
    pub contents: &'static [&'static str],
    pub turn: &'static [&'static str],
}

/// Languages without phrases of their own sit on an English platform.
pub fn of(lang: &str) -> &'static Phrases {
    match lang {
        "de" => &GERMAN,
        "zh" => &CHINESE,
        "ar" => &ARABIC,
        _ => &ENGLISH,
    }
}

static ENGLISH: Phrases = Phrases {
    menu: &["Home", "About", "Archive", "Contact", "Latest", "Topics", "Members", "Help", "Events", "Shop", "Newsletter"],
    share: &["Share", "Tweet", "Pin it", "Send by mail", "Copy link", "Print"],
    recent: &["Recently added", "More to read", "Also on this site", "Popular this week"],
    about: &["A small site, run in the evenings.", "Written by several hands.", "Made with care since 2009.", "No ads, no hurry."],
    tags: &["garden", "history", "repair", "travel", "kitchen", "music", "science", "books", "letters", "tools"],
    posted: &["Filed under notes", "4 min read", "Posted in the archive", "Updated last winter", "By the editors"],
    comment: &["Leave a reply", "Join the discussion", "What do you think?", "0 comments"],
    send: &["Post", "Send", "Submit", "Publish"],
    footer: &["All rights reserved", "Imprint", "Site map", "Back to top", "Accessibility", "RSS", "Made by hand", "Jobs"],
    search: "Search",
    member: &["Member", "Regular", "Newcomer", "Old hand", "Moderator"],
    reply: &["Reply", "Quote", "Report"],
    like: "Like",
    price: &["In stock", "Ships in 3 days", "48.00", "19.50", "VAT included"],
    basket: &["Add to basket", "Buy now", "Save for later"],
    contents: &["On this page", "Contents", "In this chapter"],
    turn: &["Previous page", "Next page", "Edit this page"],
};

static GERMAN: Phrases = Phrases {
    menu: &["Startseite", "Über uns", "Archiv", "Kontakt", "Neues", "Themen", "Mitglieder", "Hilfe", "Termine", "Laden"],
    share: &["Teilen", "Weiterleiten", "Drucken", "Link kopieren", "Merken"],
    recent: &["Zuletzt erschienen", "Mehr davon", "Auch lesenswert"],
    about: &["Eine kleine Seite für ruhige Abende.", "Von Hand gemacht.", "Seit 2011 ohne Werbung."],
    tags: &["Garten", "Geschichte", "Werkstatt", "Reise", "Küche", "Musik", "Wissen", "Bücher"],
    posted: &["Aus dem Archiv", "4 Minuten Lesezeit", "Von der Redaktion", "Abgelegt unter Notizen"],
    comment: &["Kommentar schreiben", "Ihre Meinung?", "0 Kommentare"],
    send: &["Absenden", "Abschicken", "Speichern"],
    footer: &["Impressum", "Alle Rechte vorbehalten", "Nach oben", "Übersicht", "Barrierefreiheit", "RSS"],
    search: "Suche",
    member: &["Mitglied", "Stammgast", "Neuling", "Moderation"],
    reply: &["Antworten", "Zitieren", "Melden"],
    like: "Gefällt mir",
    price: &["Lieferbar", "In 3 Tagen bei Ihnen", "48,00", "inkl. MwSt."],
    basket: &["In den Korb", "Jetzt kaufen", "Merken"],
    contents: &["Auf dieser Seite", "Inhalt"],
    turn: &["Zurück", "Weiter", "Seite bearbeiten"],
};

static CHINESE: Phrases = Phrases {
    menu: &["首页", "关于", "归档", "联系", "最新", "话题", "会员", "帮助", "活动", "商店"],
    share: &["分享", "转发", "打印", "复制链接", "收藏"],
    recent: &["最近更新", "相关阅读", "本周热门"],
    about: &["业余时间打理的小站。", "几个人一起写。", "二〇一一年至今。"],
    tags: &["园艺", "历史", "修理", "旅行", "厨房", "音乐", "读书", "工具"],
    posted: &["归档于笔记", "阅读约四分钟", "编辑部", "去年冬天更新"],
    comment: &["发表评论", "说说看法", "0 条评论"],
    send: &["提交", "发送", "发布"],
    footer: &["版权所有", "网站地图", "回到顶部", "无障碍", "订阅"],
    search: "搜索",
    member: &["会员", "新手", "老友", "版主"],
    reply: &["回复", "引用", "举报"],
    like: "赞",
    price: &["有货", "三天内发货", "48.00", "含税"],
    basket: &["加入购物车", "立即购买", "收藏"],
    contents: &["本页内容", "目录"],
    turn: &["上一页", "下一页", "编辑本页"],
};

static ARABIC: Phrases = Phrases {
    menu: &["الرئيسية", "من نحن", "الأرشيف", "اتصل بنا", "الجديد", "مواضيع", "الأعضاء", "مساعدة", "المتجر"],
    share: &["شارك", "أرسل", "طباعة", "نسخ الرابط", "حفظ"],
    recent: &["أضيف حديثا", "اقرأ أيضا", "الأكثر قراءة"],
    about: &["موقع صغير نديره في المساء.", "كتبته عدة أيد.", "منذ عام 2011."],
    tags: &["حديقة", "تاريخ", "إصلاح", "سفر", "مطبخ", "موسيقى", "كتب", "أدوات"],
    posted: &["في باب الملاحظات", "أربع دقائق للقراءة", "هيئة التحرير"],
    comment: &["أضف تعليقا", "ما رأيك؟", "لا تعليقات"],
    send: &["أرسل", "نشر", "حفظ"],
    footer: &["جميع الحقوق محفوظة", "خريطة الموقع", "إلى الأعلى", "خلاصات"],
    search: "بحث",
    member: &["عضو", "ضيف جديد", "مشرف"],
    reply: &["رد", "اقتباس", "تبليغ"],
    like: "إعجاب",
    price: &["متوفر", "يصل خلال ثلاثة أيام", "48.00", "شامل الضريبة"],
    basket: &["أضف إلى السلة", "اشتر الآن", "حفظ"],
    contents: &["في هذه الصفحة", "المحتويات"],
    turn: &["السابق", "التالي", "تحرير الصفحة"],
};
