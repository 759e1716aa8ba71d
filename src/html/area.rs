//! What an element's name and attributes say of the area that it opens.

use super::blocks::{Area, Blocks, role};
use super::names;
use super::tag::{Attr, Tag};
use super::tree::{NodeId, Tree};

/// Adds the area that an element opens and returns its index.
pub fn push_area(out: &mut Blocks, tree: &Tree, id: NodeId, parent: u32) -> u32 {
    let tag = tree.tag(id);
    let index = out.areas.len() as u32;
    let (mut own, mut roles) = (0, role_of(tag));
    let mut path = (tag as u32).wrapping_mul(0x9E37_79B1);
    for (attr, value) in tree.attrs(id) {
        match attr {
            Attr::Class | Attr::Id => {
                own |= names::groups(value);
                if *attr == Attr::Class {
                    path ^= names::hash_of(value.as_bytes()).rotate_left(7);
                }
            }
            Attr::Role => {
                roles |= match &**value {
                    "main" => role::MAIN,
                    "article" => role::ARTICLE,
                    "navigation" | "menu" | "menubar" | "tablist" => role::NAV,
                    "banner" => role::HEADER,
                    "contentinfo" => role::FOOTER,
                    "complementary" => role::ASIDE,
                    "search" | "form" => role::FORM,
                    "dialog" | "alertdialog" => role::DIALOG,
                    "button" => role::BUTTON,
                    _ => 0,
                }
            }
            Attr::Hidden if is_hidden(value) => roles |= role::HIDDEN,
            Attr::AriaHidden if value.eq_ignore_ascii_case("true") => roles |= role::ARIA_HIDDEN,
            Attr::Style if is_unshown(value) => roles |= role::UNSHOWN,
            Attr::Itemprop => {
                roles |= role::ITEMPROP;
                if matches!(&**value, "articleBody" | "text" | "description" | "reviewBody" | "mainContentOfPage") {
                    roles |= role::BODYPROP;
                }
            }
            _ => {}
        }
    }
    let (around, above) = match out.areas.get(parent as usize) {
        Some(p) if index > 0 => {
            let grand = &out.areas[p.parent as usize];
            ((p.all, p.roles, p.path, p.depth), p.own | grand.own)
        }
        _ => ((0, 0, 0, 0), 0),
    };
    let first = out.blocks.len() as u32;
    out.areas.push(Area {
        parent: if index == 0 { 0 } else { parent },
        tag,
        depth: around.3.saturating_add(1),
        own,
        near: above,
        all: around.0 | own,
        roles: around.1 | roles,
        path: around.2.wrapping_mul(31).wrapping_add(path),
        units: 0.0,
        link_units: 0.0,
        blocks: 0,
        long_blocks: 0,
        items: 0,
        headings: 0,
        span: first..first,
    });
    index
}

/// Whether a value of the attribute `hidden` hides; `until-found` does not for readers who search.
fn is_hidden(value: &str) -> bool {
    !value.trim().eq_ignore_ascii_case("until-found")
}

/// Whether a style keeps its element from being shown.
fn is_unshown(style: &str) -> bool {
    let squeezed: String = style.chars().take(200).filter(|c| !c.is_whitespace()).collect();
    squeezed.contains("display:none") || squeezed.contains("visibility:hidden")
}

/// Whether an element says by itself that it is not shown.
pub fn hides(tree: &Tree, id: NodeId) -> bool {
    tree.attrs(id).iter().any(|(attr, value)| match attr {
        Attr::Hidden => is_hidden(value),
        Attr::Style => is_unshown(value),
        _ => false,
    })
}

fn role_of(tag: Tag) -> u32 {
    match tag {
        Tag::Main => role::MAIN,
        Tag::Article => role::ARTICLE,
        Tag::Nav => role::NAV,
        Tag::Header => role::HEADER,
        Tag::Footer => role::FOOTER,
        Tag::Aside => role::ASIDE,
        Tag::Form => role::FORM,
        Tag::Table => role::TABLE,
        Tag::List => role::LIST,
        Tag::DefList => role::DEFS,
        Tag::Figure | Tag::FigCaption => role::FIGURE,
        Tag::Quote => role::QUOTE,
        Tag::Button => role::BUTTON,
        Tag::Details => role::DETAILS,
        Tag::Dialog => role::DIALOG,
        Tag::Section => role::SECTION,
        Tag::Pre => role::PRE,
        Tag::Select => role::SELECT,
        Tag::NoScript => role::NOSCRIPT,
        Tag::Address => role::ADDRESS,
        _ if tag.heading() > 0 => role::HEADING,
        _ => 0,
    }
}
