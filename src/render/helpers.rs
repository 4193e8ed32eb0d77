//! What templates may call: `t`, `say`, `pattern` (words), `own`, `asset` (addresses), and `if` /
//! `unless` that are strict, which handlebars' own are not.
//!
//! All of them return plain text, which handlebars escapes.

use super::frame::with_lang;
use super::problem::WordsError;
use super::words::Words;
use crate::primitives::Lang;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, RenderContext,
    RenderError, RenderErrorReason, Renderable, ScopedJson,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Address of each asset below the base, version included: `name` → `/static/name?v=…`.
pub(super) type AssetPaths = BTreeMap<String, String>;

pub(super) fn register(
    engine: &mut Handlebars<'static>,
    words: &Arc<Words>,
    assets: &Arc<AssetPaths>,
) {
    engine.register_helper("t", Box::new(Translate(Arc::clone(words))));
    engine.register_helper("say", Box::new(SayIt(Arc::clone(words))));
    engine.register_helper("pattern", Box::new(Pattern(Arc::clone(words))));
    engine.register_helper("asset", Box::new(AssetPath(Arc::clone(assets))));
    engine.register_helper("own", Box::new(OwnPath));
    engine.register_helper("if", Box::new(StrictIf { positive: true }));
    engine.register_helper("unless", Box::new(StrictIf { positive: false }));
}

impl From<WordsError> for RenderErrorReason {
    fn from(error: WordsError) -> Self {
        Self::Other(error.to_string())
    }
}

fn text(text: String) -> Result<ScopedJson<'static>, RenderError> {
    Ok(ScopedJson::Derived(Value::String(text)))
}

fn other(what: impl Into<String>) -> RenderError {
    RenderErrorReason::Other(what.into()).into()
}

/// The first parameter as text.
fn name<'a>(helper: &'a Helper<'_>) -> Result<&'a str, RenderError> {
    helper
        .param(0)
        .and_then(|param| param.value().as_str())
        .ok_or_else(|| other(format!("{} wants a name in quotes", helper.name())))
}

fn slot_text(value: &Value) -> Result<String, RenderError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(other("a slot of a message wants text or a number")),
    }
}

macro_rules! helper {
    ($name:ident, |$this:ident, $helper:ident, $context:ident| $body:expr) => {
        impl HelperDef for $name {
            fn call_inner<'reg: 'rc, 'rc>(
                &self,
                $helper: &Helper<'rc>,
                _: &'reg Handlebars<'reg>,
                $context: &'rc Context,
                _: &mut RenderContext<'reg, 'rc>,
            ) -> Result<ScopedJson<'rc>, RenderError> {
                let $this = self;
                $body
            }
        }
    };
}

/// `{{t "key" slot=value}}`
struct Translate(Arc<Words>);

helper!(Translate, |this, helper, _context| {
    let mut args = BTreeMap::new();
    for (slot, value) in helper.hash() {
        if value.is_value_missing() {
            return Err(RenderErrorReason::MissingVariable(value.relative_path().cloned()).into());
        }
        args.insert(*slot, slot_text(value.value())?);
    }
    text(
        this.0
            .text(name(helper)?, &args)
            .map_err(RenderErrorReason::from)?,
    )
});

/// `{{say value}}` for what the view wants said.
struct SayIt(Arc<Words>);

helper!(SayIt, |this, helper, _context| {
    let say = helper.param(0).map(handlebars::PathAndJson::value);
    let key = say.and_then(|say| say.get("key")).and_then(Value::as_str);
    let slots = say
        .and_then(|say| say.get("args"))
        .and_then(Value::as_object);
    let (Some(key), Some(slots)) = (key, slots) else {
        return Err(other("say wants a message value"));
    };
    let mut args = BTreeMap::new();
    for (slot, value) in slots {
        args.insert(slot.as_str(), slot_text(value)?);
    }
    text(this.0.text(key, &args).map_err(RenderErrorReason::from)?)
});

/// `{{pattern "key"}}`: the sentence with its slots unfilled.
struct Pattern(Arc<Words>);

helper!(Pattern, |this, helper, _context| {
    let raw = this.0.raw(name(helper)?).map_err(RenderErrorReason::from)?;
    text(raw.to_owned())
});

/// `{{asset "style.css"}}`
struct AssetPath(Arc<AssetPaths>);

helper!(AssetPath, |this, helper, context| {
    let name = name(helper)?;
    let path = this
        .0
        .get(name)
        .ok_or_else(|| other(format!("no asset {name:?}")))?;
    text(format!("{}{path}", frame(context, "base")?))
});

/// `{{own "/acceptor"}}`: below the base, with the language that the address carries.
struct OwnPath;

helper!(OwnPath, |_this, helper, context| {
    let path = format!("{}{}", frame(context, "base")?, name(helper)?);
    match frame(context, "lang_in_path").ok().and_then(Lang::parse) {
        Some(lang) => text(with_lang(&path, lang)),
        None => text(path),
    }
});

fn frame<'a>(context: &'a Context, field: &str) -> Result<&'a str, RenderError> {
    let value = context
        .data()
        .get("frame")
        .and_then(|frame| frame.get(field));
    value
        .and_then(Value::as_str)
        .ok_or_else(|| other(format!("no frame.{field}")))
}

/// As handlebars' own, but a field that is not there is an error.
struct StrictIf {
    positive: bool,
}

impl HelperDef for StrictIf {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let param = helper.param(0).ok_or_else(|| other("if wants a value"))?;
        if param.is_value_missing() {
            return Err(RenderErrorReason::MissingVariable(param.relative_path().cloned()).into());
        }
        let chosen = if param.value().is_truthy(false) == self.positive {
            helper.template()
        } else {
            helper.inverse()
        };
        chosen.map_or(Ok(()), |template| {
            template.render(engine, context, state, out)
        })
    }
}
