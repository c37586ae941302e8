import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

/// The headers that keep a browser from doing what our pages never ask for. On every answer, pages or not.
public struct SecurityHeaders: RouterMiddleware {
    /// Hummingbird's name for what every request carries.
    public typealias Context = WebContext

    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        form-action 'self'; frame-ancestors 'none'; base-uri 'none'
        """
    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")
    private static let frameOptions = HTTPField.Name("X-Frame-Options")
    private static let permissions = HTTPField.Name("Permissions-Policy")
    private static let openerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")

    private let isSecure: Bool

    /// - Parameter publicURL: https sends HSTS.
    public init(publicURL: String) {
        isSecure = publicURL.utf8.hasPrefix("https://")
    }

    private static func secured(_ cookie: String) -> String {
        let isSecured = cookie.utf8.split(separator: UInt8(ascii: ";")).dropFirst().contains { attribute in
            Substring(attribute).trimmingCharacters(in: .whitespaces).lowercased() == "secure"
        }
        return isSecured ? cookie : cookie + "; Secure"
    }

    /// Adds them.
    public func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        for (name, value) in [
            (Self.referrerPolicy, "same-origin"), (Self.frameOptions, "DENY"), (Self.openerPolicy, "same-origin"),
            (Self.permissions, "camera=(), geolocation=(), microphone=()"),
        ] {
            if let name { response.headers[name] = value }
        }
        // What programs read is not a page, even in a browser.
        if request.uri.path.utf8.hasPrefix("/api/"), response.headers[.contentDisposition] == nil {
            response.headers[.contentDisposition] = "attachment"
        }
        if isSecure {
            response.headers[.strictTransportSecurity] = "max-age=31536000; includeSubDomains"
            // Here, where all of them pass, so that none is forgotten.
            response.headers[values: .setCookie] = response.headers[values: .setCookie].map(Self.secured)
        }
        // Pages of a signed-in user are private, also to proxies; assets override this.
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return response
    }
}
