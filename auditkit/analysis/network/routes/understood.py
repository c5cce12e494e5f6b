"""What is understood of the routes of each engine, and what becomes of an entrance where something is not.

`docs/reference/entrances.md` is written from here.
"""

from auditkit.analysis.network.understood import Understood

ENGINES = (
    ("Gateway API", "the controller says of class, Gateway, listener and route that it acts on them as they are now"),
    ("OpenShift", "a router has admitted the Route"),
    ("Contour", "Contour says that the HTTPProxy and its root are valid as they are now, and a pod of it is ready"),
    ("Istio", "a pod with the proxy of Istio has the labels of the Gateway and is ready; Istio keeps no status"),
    ("Traefik", "a pod of Traefik is ready and, where that is seen, has the entry point and takes the ingress class"),
)
"""Each engine, and when a route of it is open. Where that is not seen it is not known."""

UNDERSTOOD = (
    Understood("Contour", "roots, includes over any number of steps and namespaces, loops, orphans, TCP proxies",
               "yes"),
    Understood("Contour", "TLS, passthrough, permitInsecure, redirects by requestRedirectPolicy", "yes",
               "that Contour ignores permitInsecure (disablePermitInsecure) is a setting, and not seen"),
    Understood("Contour", "authorization, ipAllowPolicy, ipDenyPolicy, JWT, direct responses", "no",
               "whether requests get to the service is not known"),
    Understood("Contour", "annotations of Services for the protocol of the upstream", "no",
               "whether the service is reached over TLS is not known"),
    Understood("Istio", "servers by protocol and TLS mode, httpsRedirect, hosts with a namespace, exportTo, delegates, "
               "redirects, weights, mirrors", "yes",
               "that istiod looks for pods in the Gateway's own namespace only is a setting, and not seen"),
    Understood("Istio", "servers with AUTO_PASSTHROUGH", "no", "whether they are open, and what is behind, is unknown"),
    Understood("Istio", "short host names, in the domain cluster.local", "in part",
               "where no server is for the host in this domain, whether one is in another is not known"),
    Understood("Istio", "EnvoyFilter", "no", "what it changes at the proxies is not seen"),
    Understood("Istio", "rules for some ports, gateways or schemes of requests only", "no",
               "nothing is known of the VirtualService"),
    Understood("Istio", "hosts that are no service of the cluster (ServiceEntry), Sidecar, DestinationRule", "no",
               "what is behind is not known"),
    Understood("Traefik", "entry points, their TLS and redirects, as arguments of the pods", "in part",
               "they are not known where a pod of Traefik has no such arguments, a command of its own, a file "
               "(configFile, or a mount in a default place), or HOME or XDG_CONFIG_HOME in its environment; which "
               "folder a container starts in is not read"),
    Understood("Traefik", "tls, redirectScheme, hosts of Host and HostSNI, services, weights", "yes"),
    Understood("Traefik", "chains, redirectRegex, plugins, sslRedirect, middlewares of other providers, and those that "
               "may answer themselves beside a redirect", "no",
               "whether a plain request is redirected is not known"),
    Understood("Traefik", "parentRefs, TraefikService, services of other namespaces, traefik.containo.us", "no",
               "nothing is known of the route, or of what is behind it"),
    Understood("Traefik", "the ingress class by annotation, TLSOption, TLSStore", "no",
               "the lowest version of TLS and the default certificate are not known"),
)
