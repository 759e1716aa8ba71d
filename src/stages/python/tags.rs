//! Tags as Arrow columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, LargeStringArray, LargeStringBuilder, ListBuilder};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};

use super::super::prelude::*;
use crate::doc::Kind;

/// A tag of a type that the pipeline says.
#[derive(Clone, Copy)]
pub enum AnyTag {
    Bool(Tag<bool>),
    Int(Tag<i64>),
    Float(Tag<f64>),
    Str(Tag<String>),
    List(Tag<Vec<String>>),
}

impl AnyTag {
    /// The tag of that name.
    pub fn declare(name: &str, kind: Kind, shop: &mut Shop<'_>) -> std::result::Result<AnyTag, Vec<Complaint>> {
        Ok(match kind {
            Kind::Bool => AnyTag::Bool(shop.tag(name)?),
            Kind::Int => AnyTag::Int(shop.tag(name)?),
            Kind::Float => AnyTag::Float(shop.tag(name)?),
            Kind::Str => AnyTag::Str(shop.tag(name)?),
            Kind::List => AnyTag::List(shop.tag(name)?),
        })
    }

    /// The values of this tag.
    pub fn column(self, docs: &[Doc]) -> ArrayRef {
        match self {
            AnyTag::Bool(tag) => Arc::new(docs.iter().map(|doc| doc.tag(tag)).collect::<BooleanArray>()),
            AnyTag::Int(tag) => Arc::new(docs.iter().map(|doc| doc.tag(tag)).collect::<Int64Array>()),
            AnyTag::Float(tag) => Arc::new(docs.iter().map(|doc| doc.tag(tag)).collect::<Float64Array>()),
            AnyTag::Str(tag) => Arc::new(docs.iter().map(|doc| doc.tag(tag)).collect::<LargeStringArray>()),
            AnyTag::List(tag) => {
                let mut lists = ListBuilder::new(LargeStringBuilder::new());
                for doc in docs {
                    lists.append_option(doc.tag(tag).map(|list| list.iter().map(Some)));
                }
                Arc::new(lists.finish())
            }
        }
    }

    /// The type of its column.
    pub fn data_type(self) -> DataType {
        match self {
            AnyTag::Bool(_) => DataType::Boolean,
            AnyTag::Int(_) => DataType::Int64,
            AnyTag::Float(_) => DataType::Float64,
            AnyTag::Str(_) => DataType::LargeUtf8,
            AnyTag::List(_) => DataType::List(Arc::new(Field::new_list_field(DataType::LargeUtf8, true))),
        }
    }

    /// Writes one row of a column of [`AnyTag::data_type`].
    pub fn set(self, doc: &mut Doc, column: &dyn Array, row: usize) {
        match self {
            AnyTag::Bool(tag) => doc.set_tag(tag, column.as_boolean().value(row)),
            AnyTag::Int(tag) => doc.set_tag(tag, column.as_primitive::<Int64Type>().value(row)),
            AnyTag::Float(tag) => doc.set_tag(tag, column.as_primitive::<Float64Type>().value(row)),
            AnyTag::Str(tag) => doc.set_tag(tag, column.as_string::<i64>().value(row).to_owned()),
            AnyTag::List(tag) => {
                let list = column.as_list::<i32>().value(row);
                doc.set_tag(tag, list.as_string::<i64>().iter().flatten().map(str::to_owned).collect());
            }
        }
    }
}
