//! The element and attribute names that extraction tells apart.

use html5ever::{LocalName, local_name};

/// An element's role in a page. Names that mean the same to the extractor share a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tag {
    /// Any element that has no rule of its own and flows inside a line.
    Inline,
    /// Any element that has no rule of its own and stands on its own lines.
    Block,
    Html,
    Head,
    Body,
    Title,
    Meta,
    Link,
    Script,
    /// Never shown as text: `style`, `template`, `iframe`, media and the like.
    Unseen,
    P,
    Div,
    Section,
    Article,
    Main,
    Nav,
    Header,
    Footer,
    Aside,
    Heading1,
    Heading2,
    Heading3,
    Heading4,
    Heading5,
    Heading6,
    List,
    Item,
    DefList,
    DefTerm,
    DefBody,
    Table,
    Row,
    Cell,
    HeadCell,
    Caption,
    Pre,
    Code,
    Quote,
    Figure,
    FigCaption,
    Anchor,
    Break,
    Rule,
    Image,
    Strong,
    Emphasis,
    Form,
    Button,
    Label,
    Select,
    Input,
    Details,
    Summary,
    Dialog,
    Time,
    Address,
    Svg,
    Sup,
    /// Shown where no script runs: a whole page, or a plea to switch scripts on.
    NoScript,
}

impl Tag {
    /// The role of an HTML element with this local name.
    pub fn of(name: &LocalName) -> Tag {
        match *name {
            local_name!("html") => Tag::Html,
            local_name!("head") => Tag::Head,
            local_name!("body") => Tag::Body,
            local_name!("title") => Tag::Title,
            local_name!("meta") => Tag::Meta,
            local_name!("link") => Tag::Link,
            local_name!("script") => Tag::Script,
            local_name!("style")
            | local_name!("template")
            | local_name!("iframe")
            | local_name!("noframes")
            | local_name!("noembed")
            | local_name!("canvas")
            | local_name!("audio")
            | local_name!("video")
            | local_name!("map")
            | local_name!("datalist")
            | local_name!("meter")
            | local_name!("progress")
            | local_name!("rp") => Tag::Unseen,
            local_name!("noscript") => Tag::NoScript,
            local_name!("p") => Tag::P,
            local_name!("div") => Tag::Div,
            local_name!("section") => Tag::Section,
            local_name!("article") => Tag::Article,
            local_name!("main") => Tag::Main,
            local_name!("nav") | local_name!("menu") => Tag::Nav,
            local_name!("header") => Tag::Header,
            local_name!("footer") => Tag::Footer,
            local_name!("aside") => Tag::Aside,
            local_name!("h1") => Tag::Heading1,
            local_name!("h2") => Tag::Heading2,
            local_name!("h3") => Tag::Heading3,
            local_name!("h4") => Tag::Heading4,
            local_name!("h5") => Tag::Heading5,
            local_name!("h6") => Tag::Heading6,
            local_name!("ul") | local_name!("ol") | local_name!("dir") => Tag::List,
            local_name!("li") => Tag::Item,
            local_name!("dl") => Tag::DefList,
            local_name!("dt") => Tag::DefTerm,
            local_name!("dd") => Tag::DefBody,
            local_name!("table") => Tag::Table,
            local_name!("tr") => Tag::Row,
            local_name!("td") => Tag::Cell,
            local_name!("th") => Tag::HeadCell,
            local_name!("caption") => Tag::Caption,
            local_name!("pre") | local_name!("listing") | local_name!("xmp") | local_name!("plaintext") => Tag::Pre,
            local_name!("code") | local_name!("kbd") | local_name!("samp") | local_name!("tt") => Tag::Code,
            local_name!("blockquote") => Tag::Quote,
            local_name!("figure") => Tag::Figure,
            local_name!("figcaption") => Tag::FigCaption,
            local_name!("a") => Tag::Anchor,
            local_name!("br") => Tag::Break,
            local_name!("hr") => Tag::Rule,
            local_name!("img") => Tag::Image,
            local_name!("b") | local_name!("strong") => Tag::Strong,
            local_name!("i") | local_name!("em") => Tag::Emphasis,
            local_name!("form") => Tag::Form,
            local_name!("button") => Tag::Button,
            local_name!("label") => Tag::Label,
            local_name!("select") => Tag::Select,
            local_name!("input") | local_name!("textarea") => Tag::Input,
            local_name!("details") => Tag::Details,
            local_name!("summary") => Tag::Summary,
            local_name!("dialog") => Tag::Dialog,
            local_name!("time") => Tag::Time,
            local_name!("address") => Tag::Address,
            local_name!("sup") | local_name!("sub") => Tag::Sup,
            local_name!("center")
            | local_name!("fieldset")
            | local_name!("hgroup")
            | local_name!("legend")
            | local_name!("optgroup")
            | local_name!("option")
            | local_name!("tbody")
            | local_name!("thead")
            | local_name!("tfoot") => Tag::Block,
            _ => Tag::Inline,
        }
    }

    /// Whether the element stands on lines of its own.
    pub fn is_block(self) -> bool {
        !matches!(
            self,
            Tag::Inline
                | Tag::Anchor
                | Tag::Code
                | Tag::Strong
                | Tag::Emphasis
                | Tag::Sup
                | Tag::Time
                | Tag::Label
                | Tag::Image
                | Tag::Break
                | Tag::Input
                | Tag::Svg
        )
    }

    /// 1 to 6 for a heading, else 0.
    pub fn heading(self) -> u8 {
        match self {
            Tag::Heading1 => 1,
            Tag::Heading2 => 2,
            Tag::Heading3 => 3,
            Tag::Heading4 => 4,
            Tag::Heading5 => 5,
            Tag::Heading6 => 6,
            _ => 0,
        }
    }
}

/// The attributes that extraction reads; all others are dropped while parsing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Attr {
    Class,
    Id,
    Role,
    Href,
    Itemprop,
    Itemtype,
    Datetime,
    Content,
    Name,
    Property,
    Lang,
    Rel,
    Type,
    AriaHidden,
    Hidden,
    Style,
    Alt,
    DataLanguage,
}

impl Attr {
    /// The attribute with this local name, if extraction reads it.
    pub fn of(name: &str) -> Option<Attr> {
        Some(match name {
            "class" => Attr::Class,
            "id" => Attr::Id,
            "role" => Attr::Role,
            "href" => Attr::Href,
            "itemprop" => Attr::Itemprop,
            "itemtype" => Attr::Itemtype,
            "datetime" => Attr::Datetime,
            "content" => Attr::Content,
            "name" => Attr::Name,
            "property" => Attr::Property,
            "lang" => Attr::Lang,
            "rel" => Attr::Rel,
            "type" => Attr::Type,
            "aria-hidden" => Attr::AriaHidden,
            "hidden" => Attr::Hidden,
            "style" => Attr::Style,
            "alt" => Attr::Alt,
            "data-lang" | "data-language" => Attr::DataLanguage,
            _ => return None,
        })
    }
}
