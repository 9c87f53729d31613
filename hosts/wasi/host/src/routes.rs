//! Which component a path belongs to: the longest route that fits.

/// Routes of the public components.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// Ordered: those that come first are tried first.
    routes: Vec<(String, bool, String)>,
}

impl Routes {
    /// Of routes with the names of their components: `/exactly`, `/below/...`.
    pub fn of<'a>(routes: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut parsed: Vec<(String, bool, String)> = Vec::new();
        for (route, component) in routes {
            let odd = || format!("the route {route:?} is not a path such as /exactly or /below/...");
            let (path, below) = match route.strip_suffix("/...") {
                Some(path) => (path, true),
                None => (route, false),
            };
            let named = path.is_empty() && below || path.starts_with('/');
            if !named || path.contains(':') || path.contains("...") || path.contains('*') {
                return Err(odd());
            }
            let path = path.trim_end_matches('/').to_owned();
            if parsed.iter().any(|(other, at, _)| *other == path && *at == below) {
                return Err(format!("the route {route:?} stands there twice"));
            }
            parsed.push((path, below, component.to_owned()));
        }
        // A longer path first, and of two alike the one that means only itself.
        parsed.sort_by(|(one, one_below, _), (two, two_below, _)| {
            two.len().cmp(&one.len()).then(one_below.cmp(two_below))
        });
        Ok(Self { routes: parsed })
    }

    /// The component that answers `path`.
    pub fn find(&self, path: &str) -> Option<&str> {
        let fits = |(route, below, _): &&(String, bool, String)| match path.strip_prefix(route.as_str()) {
            Some(rest) if *below => rest.is_empty() || rest.starts_with('/'),
            Some(rest) => rest.is_empty() || rest == "/",
            None => false,
        };
        self.routes.iter().find(fits).map(|(_, _, component)| component.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_route_that_fits_answers() {
        let routes = Routes::of(
            [("/...", "all"), ("/v1/tick", "tick"), ("/v1/...", "v1"), ("/v1/tick/...", "below")].into_iter(),
        )
        .unwrap();
        for (path, component) in [
            ("/", "all"),
            ("/v2", "all"),
            ("/v1", "v1"),
            ("/v1/", "v1"),
            ("/v11", "all"),
            ("/v1/tick", "tick"),
            ("/v1/tick/", "tick"),
            ("/v1/tick/x", "below"),
            ("/v1/ticks", "v1"),
        ] {
            assert_eq!(routes.find(path), Some(component), "{path}");
        }
        assert_eq!(Routes::of([("/only", "x")].into_iter()).unwrap().find("/"), None);
    }

    #[test]
    fn routes_of_other_forms_are_refused_by_name() {
        for odd in ["v1", "/a/:id", "/*", "/.../x", ""] {
            assert!(Routes::of([(odd, "x")].into_iter()).unwrap_err().contains(odd), "{odd}");
        }
        assert!(Routes::of([("/a", "x"), ("/a/", "y")].into_iter()).is_err());
    }
}
