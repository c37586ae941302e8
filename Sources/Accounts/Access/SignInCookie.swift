import BoundaryText
import Database
import HTTPTypes
import Hummingbird

/// The cookies of the console.
public struct SignInCookie: Sendable {
    private let isSecure: Bool

    /// - Parameter publicURL: With https, cookies are `Secure` and bound to the host.
    public init(publicURL: String) {
        isSecure = publicURL.utf8.hasPrefix("https://")
    }

    private var name: String { isSecure ? "__Host-patchbay" : "patchbay" }
    private var browserName: String { isSecure ? "__Host-patchbay-browser" : "patchbay-browser" }
    private var authenticationName: String { isSecure ? "__Host-patchbay-way" : "patchbay-way" }

    private var organizationName: String { isSecure ? "__Host-patchbay-organization" : "patchbay-organization" }

    /// The sign-in token in the request, if any.
    public func token(in request: Request) -> SignInToken? {
        request.cookies[name].map { SignInToken(text: $0.value) }
    }

    /// Sets the sign-in token, or deletes it if nil.
    public func set(_ token: SignInToken?, in response: inout Response) {
        put(name, token?.text, seconds: Int(SignIn.longestTime.components.seconds), in: &response)
    }

    /// The note from ``PasswordSignIn/browserNote(for:)`` in the request, if any.
    public func browser(in request: Request) -> String? { request.cookies[browserName]?.value }

    /// Stores the browser note. With nil, the browser keeps the one it has.
    public func setBrowser(_ note: String?, in response: inout Response) {
        guard let note else { return }
        put(browserName, note, seconds: KnownBrowsers.days * 86_400, in: &response)
    }

    /// The single sign-on attempt, which ties the redirect to an identity provider and back to one browser.
    public func authentication(in request: Request) -> String? { request.cookies[authenticationName]?.value }

    /// Sets the single sign-on attempt, or deletes it if nil.
    public func setAuthentication(_ text: String?, in response: inout Response) {
        put(authenticationName, text, seconds: 600, in: &response)
    }

    /// The organization whose identity provider was last used to sign in from this browser, so that the sign-in page
    /// offers it again.
    public func organization(in request: Request) -> Organization.ID? {
        request.cookies[organizationName].flatMap { Organization.ID($0.value) }
    }

    /// Remembers the organization.
    public func setOrganization(_ id: Organization.ID, in response: inout Response) {
        put(organizationName, "\(id)", seconds: 400 * 86_400, in: &response)
    }

    private func put(_ name: String, _ value: String?, seconds: Int, in response: inout Response) {
        // Lax: a link in a chat message opens the console signed in, but other sites cannot send forms as the user.
        response.setCookie(
            Cookie(
                name: name, value: value ?? "", maxAge: value == nil ? 0 : seconds, path: "/", secure: isSecure,
                httpOnly: true, sameSite: .lax))
    }
}
