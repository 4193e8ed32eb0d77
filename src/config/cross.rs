//! What sections must not say together.

use super::problem::Place;
use super::public_url::Scheme;
use super::reader::{Reader, Section};
use super::{Config, tls};

/// `public_url_place` is where a public address was written, good or bad.
pub(super) fn check(reader: &mut Reader, config: &Config, public_url_place: Option<Place>) {
    let written_url =
        public_url_place.or_else(|| reader.written(&Section::named("site"), "public_url"));
    let listen = Section::named("listen");
    let address_place = reader
        .written(&listen, "address")
        .unwrap_or_else(|| listen.place("address"));
    let tls_section = listen.inner("tls");
    let tls_place = reader
        .written(&tls_section, "certificate")
        .unwrap_or_default();
    // Written badly is reported where it stands; here only what is missing counts.
    let tls_written = ["certificate", "key"]
        .iter()
        .any(|k| reader.written(&tls_section, k).is_some());
    let proxies_written = reader
        .texts(&Section::top(), "trusted_proxies")
        .is_some_and(|texts| !texts.is_empty());
    let public = config.site.public_url.as_ref();

    if config.listen.tls.is_some() && config.site.scheme() == Scheme::Http {
        match (&written_url, public) {
            (None, _) => reader.problem(
                &tls_place,
                "needs `public_url` in [site], like https://spse.example.go.id/eproc4",
            ),
            (Some(place), Some(_)) => {
                reader.problem(place, "says http, but [listen.tls] is set; write https://");
            }
            // The bad address was reported already.
            (Some(_), None) => {}
        }
    }
    if !config.listen.only_loopback() {
        if written_url.is_none() {
            reader.problem(
                &address_place,
                "without `public_url` in [site] only loopback addresses are served; \
                 listen on 127.0.0.1 or write the public address",
            );
        } else if !tls_written && !proxies_written {
            reader.problem(
                &address_place,
                "would serve passwords over plain http; set [listen.tls], or name the web \
                 server that ends TLS in `trusted_proxies`, or listen on 127.0.0.1",
            );
        }
    }
    let mut redirects = config.listen.tls.iter().flat_map(|tls| &tls.redirect_from);
    if let Some(address) = redirects.find(|at| config.listen.addresses.contains(at)) {
        let place = reader.written(&tls_section, "redirect_from");
        let message = format!("{address} is in `address` already, where https is spoken");
        reader.problem(&place.unwrap_or_default(), message);
    }
    if let (Some(url), Some(place)) = (public, &written_url) {
        check_place_to_stand(reader, config, url.host.name(), place);
    }
}

fn check_place_to_stand(reader: &mut Reader, config: &Config, host: &str, place: &Place) {
    let https = config.site.scheme() == Scheme::Https;
    match &config.listen.tls {
        Some(tls) if tls::covers(&tls.certificate, host) == Some(false) => {
            let shown = tls.certificate.display();
            let message = format!("the certificate {shown} is not made for {host:?}");
            reader.warning(place, message);
        }
        None if https && config.trusted_proxies.is_empty() => reader.warning(
            place,
            "a web server must end TLS in front, but `trusted_proxies` is empty: \
             all visitors will seem to come from its address",
        ),
        _ => {}
    }
}
