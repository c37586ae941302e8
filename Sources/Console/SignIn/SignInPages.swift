import API
import Accounts
import BoundaryText
import Foundation
import HTTPTypes
import Hummingbird
import OpenIDConnect
import WebSupport

/// The pages before a sign-in: password, code, identity providers, and what has to be done first.
extension Console {
    func installSignIn(in router: Router<WebContext>) {
        func on(
            _ path: String, _ method: HTTPRequest.Method,
            _ handle: @escaping @Sendable (Request, WebContext) async throws -> Response
        ) {
            router.on(RouterPath(path), method: method) { request, context in
                try await framed(request, context) { try await handle(request, context) }
            }
        }
        on("/sign-in", .get, showSignIn)
        on("/sign-in", .post, signIn)
        on("/sign-out", .post, signOut)
        on("/sign-in/with/{id}", .get, depart)
        on("/sign-in/return", .get, arrive)
        on("/sign-in/return/{id}", .get, arrive)
        on("/sign-in/code", .get) { request, context in
            try await duty(.enterCode, request, context) { try codePage(request, $0) }
        }
        on("/sign-in/code", .post, enterCode)
        on("/sign-in/password", .get) { request, context in
            try await duty(.changePassword, request, context) { try passwordPage(request, $0) }
        }
        on("/sign-in/password", .post, changePassword)
        on("/sign-in/second-factor", .get) { request, context in
            try await duty(.setUpSecondFactor, request, context) { try await secondFactorPage(request, $0, $1) }
        }
        on("/sign-in/second-factor", .post, setUpSecondFactor)
        for path in ["/sign-in", "/sign-in/code", "/sign-in/password", "/sign-in/second-factor"] {
            for method in [HTTPRequest.Method.put, .patch, .delete] {
                on(path, method) { _, _ in
                    throw Problem(
                        .methodNotAllowed, code: "method_not_allowed", title: "Not allowed here",
                        detail: "This page only takes GET and POST.", allowed: [.get, .post])
                }
            }
        }
    }

    /// Bytes of the largest form before a sign-in: e-mail, password, and the page to come back to, percent-encoded.
    private static let longestForm = 16_384

    // MARK: Password

    private static let signInFields = [
        Field("email", "E-mail", .email, autocomplete: "username", focused: true),
        Field("password", "Password", .password, autocomplete: "current-password"), Field("to", "", .hidden),
        Field("again", "", .hidden),
    ]

    private func signInPage(
        _ request: Request, _ entries: Entries, problem: String? = nil, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let form = Form(
            action: "/sign-in", fields: Self.signInFields, submit: "Sign in", entries: entries,
            problem: problem.map { Problem(status, code: "sign_in_failed", title: "", detail: $0) }, isCard: false)
        var blocks: [Block] = []
        if entries["again"] == "1" {
            blocks.append(
                .notice(.info, nil, "You were signed out. What you entered will be restored after you sign in."))
        }
        blocks.append(form.block)
        blocks += await signInOptions(request, entries)
        return try bare(
            request, title: "Sign in", lead: "Welcome back.",
            footnote: "No account? Ask an administrator of your organization.",
            status: status, blocks)
    }

    private func showSignIn(_ request: Request, _ context: WebContext) async throws -> Response {
        let query = request.uri.fields
        let to = query["to"]
        if let (_, live) = try await signedIn(request) {
            return .redirect(to: live.duty?.path ?? LocalPath.afterSignIn(to))
        }
        return try await signInPage(request, Entries(["to": to, "again": query["again"]]))
    }

    private func signIn(_ request: Request, _ context: WebContext) async throws -> Response {
        try Self.checkOrigin(request)
        let entries = try await Self.entries(of: request, context, most: Self.longestForm)
        do {
            let token = try await accounts.passwordSignIn.withPassword(
                email: entries["email"] ?? "", password: entries["password"] ?? "",
                from: visitor(request, context),
                replacing: cookie.token(in: request))
            var response = welcome(token, to: entries["to"], isReturn: entries["again"] == "1")
            cookie.setBrowser(accounts.passwordSignIn.browserNote(for: entries["email"] ?? ""), in: &response)
            return response
        } catch let refusal as PasswordSignIn.Refusal {
            var response = try await signInPage(request, entries, problem: refusal.words, status: refusal.status)
            refusal.addWait(to: &response)
            return response
        }
    }

    private func welcome(_ token: SignInToken, to destination: String?, isReturn: Bool = false) -> Response {
        var response = Response.redirect(to: LocalPath.afterSignIn(destination))
        cookie.set(token, in: &response)
        // Tells the script that a form may be filled in again.
        if isReturn {
            response.setCookie(
                Cookie(name: "patchbay-returned", value: "1", maxAge: 600, path: "/", httpOnly: false, sameSite: .lax))
        }
        return response
    }

    private func signOut(_ request: Request, _ context: WebContext) async throws -> Response {
        var response = Response.redirect(to: "/sign-in")
        if let (token, live) = try await signedIn(request) {
            try Self.checkProof(request, try await Self.entries(of: request, context, most: Self.longestForm), token)
            try await accounts.passwordSignIn.out(live, from: visitor(request, context))
        }
        cookie.set(nil, in: &response)
        // What was typed and not sent is kept by the browser until then.
        if let name = HTTPField.Name("Clear-Site-Data") { response.headers[name] = "\"storage\"" }
        return response
    }

    /// Signing in has no sign-in yet whose proof a form could carry. The browser says where a form comes from.
    private static func checkOrigin(_ request: Request) throws {
        let site = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headers[$0] }
        let isOurs: Bool
        if let site {
            isOurs = site == "same-origin" || site == "none"
        } else if let origin = request.headers[.origin] {
            isOurs =
                URLComponents(string: origin).map { url in
                    let host = (url.host ?? "") + (url.port.map { ":\($0)" } ?? "")
                    return host == request.head.authority
                } ?? false
        } else {
            // Not a browser, so no cookies are at stake.
            isOurs = true
        }
        guard isOurs else {
            throw Problem(
                .forbidden, code: "csrf", title: "This form did not come from the sign-in page",
                detail: "Open the sign-in page and try again.")
        }
    }

    // MARK: What has to be done first

    /// Shows a page to users with this duty; others are redirected.
    private func duty(
        _ duty: LiveSignIn.Duty, _ request: Request, _ context: WebContext,
        _ show: (SignInToken, LiveSignIn) async throws -> Response
    ) async throws -> Response {
        guard let (token, live) = try await signedIn(request) else { return .redirect(to: "/sign-in") }
        guard live.duty == duty else { return .redirect(to: live.duty?.path ?? "/") }
        return try await show(token, live)
    }

    private func duty(
        _ duty: LiveSignIn.Duty, _ request: Request, _ context: WebContext,
        _ show: (SignInToken) async throws -> Response
    ) async throws -> Response {
        try await self.duty(duty, request, context) { token, _ in try await show(token) }
    }

    private func codePage(
        _ request: Request, _ token: SignInToken, problem: String? = nil, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let form = Form(
            action: "/sign-in/code",
            fields: [Field("code", "Code", .code, autocomplete: "one-time-code", focused: true)], submit: "Continue",
            problem: problem.map { Problem(status, code: "code", title: "", detail: $0) }, isCard: false)
        return try bare(
            request, title: "Second factor",
            lead: "Enter the six digits from your authenticator app, or a recovery code.",
            token: token, status: status, [form.block])
    }

    private func enterCode(_ request: Request, _ context: WebContext) async throws -> Response {
        try await duty(.enterCode, request, context) { token, live in
            let entries = try await Self.entries(of: request, context, most: Self.longestForm)
            try Self.checkProof(request, entries, token)
            do {
                let entered = try await accounts.passwordSignIn.withCode(
                    entries["code"] ?? "", in: live, token, from: visitor(request, context))
                var response = welcome(entered.token, to: "/")
                if let left = entered.recoveryCodesLeft {
                    Flash.write(
                        "You used a recovery code; \(left) left. You can create new ones under Your account.",
                        to: &response)
                }
                return response
            } catch let refusal as PasswordSignIn.Refusal {
                var response = try codePage(request, token, problem: refusal.words, status: refusal.status)
                refusal.addWait(to: &response)
                return response
            }
        }
    }

    private func passwordPage(
        _ request: Request, _ token: SignInToken, problem: Problem? = nil
    ) throws -> Response {
        let form = Form(
            action: "/sign-in/password", fields: PasswordChange.fields, submit: "Set password", problem: problem,
            isCard: false)
        return try bare(
            request, title: "Choose a password",
            lead: "Your current password was set by someone else. Choose one that only you know.",
            token: token, status: problem?.status ?? .ok, [form.block])
    }

    private func changePassword(_ request: Request, _ context: WebContext) async throws -> Response {
        try await duty(.changePassword, request, context) { token, live in
            let entries = try await Self.entries(of: request, context, most: Self.longestForm)
            try Self.checkProof(request, entries, token)
            do {
                let next = try await PasswordChange.perform(
                    entries, live, accounts.passwordSignIn, visitor(request, context))
                return welcome(next, to: "/")
            } catch let problem as Problem {
                return try passwordPage(request, token, problem: problem)
            }
        }
    }

    private func secondFactorPage(
        _ request: Request, _ token: SignInToken, _ live: LiveSignIn, problem: Problem? = nil
    ) async throws -> Response {
        let blocks = try await SecondFactorSetUp.blocks(
            accounts.secondFactor, live, action: "/sign-in/second-factor", problem: problem)
        return try bare(
            request, title: "Set up a second factor", lead: "Your organization requires a second factor.", token: token,
            status: problem?.status ?? .ok, blocks)
    }

    private func setUpSecondFactor(_ request: Request, _ context: WebContext) async throws -> Response {
        try await duty(.setUpSecondFactor, request, context) { token, live in
            let entries = try await Self.entries(of: request, context, most: Self.longestForm)
            try Self.checkProof(request, entries, token)
            let actor = Actor(
                user: live.user, name: live.email, authMethod: "sign_in", address: context.address)
            guard
                let codes = try await accounts.secondFactor.confirm(
                    entries["code"] ?? "", by: actor, of: live.principal)
            else {
                return try await secondFactorPage(request, token, live, problem: SecondFactorSetUp.wrongCode)
            }
            return try bare(
                request, title: "Recovery codes", lead: SecondFactorSetUp.codesLead, token: token,
                [Block("codes", ["codes": codes, "doneHref": "/"])])
        }
    }

    // MARK: Identity providers

    private func depart(_ request: Request, _ context: WebContext) async throws -> Response {
        guard let id = context.parameters.get("id", as: IdentityProvider.ID.self) else {
            throw Problem.notFound("identity provider")
        }
        do {
            let destination = LocalPath.afterSignIn(request.uri.fields["to"])
            let departure = try await accounts.singleSignOn.depart(to: id, destination: destination)
            var response = Response(status: .seeOther, headers: [.location: departure.url])
            cookie.setAuthentication(departure.browser, in: &response)
            return response
        } catch let refusal as SingleSignOn.Refusal {
            return try await refused(refusal, request)
        }
    }

    private func arrive(_ request: Request, _ context: WebContext) async throws -> Response {
        let query = request.uri.fields
        let provider = context.parameters.get("id", as: IdentityProvider.ID.self)
        guard provider != nil || context.parameters.get("id") == nil else {
            throw Problem.notFound("identity provider")
        }
        var response: Response
        do {
            let arrival = try await accounts.singleSignOn.arrive(
                .init(
                    returnedTo: provider, state: query["state"] ?? "", code: query["code"] ?? "", issuer: query["iss"],
                    refusal: query["error"]),
                browser: cookie.authentication(in: request) ?? "", from: visitor(request, context),
                replacing: cookie.token(in: request))
            response = welcome(arrival.token, to: arrival.destination)
            cookie.setOrganization(arrival.organization, in: &response)
        } catch let refusal as SingleSignOn.Refusal {
            response = try await refused(refusal, request)
        }
        cookie.setAuthentication(nil, in: &response)
        return response
    }

    private func refused(_ refusal: SingleSignOn.Refusal, _ request: Request) async throws -> Response {
        if case .pending(let lacksGroups) = refusal {
            let missing =
                lacksGroups
                ? [Block.notice(.warning, nil, SingleSignOn.Refusal.missingGroups)] : []
            return try bare(
                request, title: "Almost there", status: .forbidden,
                [
                    .notice(
                        .info, nil,
                        "An administrator of your organization has to approve your account. Sign in again after that."
                    )
                ] + missing + [.actions([.link("Back to sign-in", "/sign-in")])])
        }
        return try await signInPage(request, Entries(), problem: refusal.words, status: refusal.status)
    }
}

extension PasswordSignIn.Refusal {
    var words: String {
        switch self {
        case .wrongCredentials: "Wrong e-mail or password."
        case .wrongCode:
            "This code is wrong or was already used. Codes change every 30 seconds: check that your phone sets its time automatically."
        case .wait(let duration): "Too many attempts. Try again in \(duration.components.seconds) seconds."
        case .busy: "Many users are signing in right now. Try again in a few seconds."
        case .secondFactorLost:
            "The server can no longer check the codes of your app because its secret was lost. Use a recovery code. If you have none, ask an administrator to reset your second factor under Users, or ask the server's operator to run `patchbay password` with --reset-second-factor."
        }
    }

    var status: HTTPResponse.Status {
        switch self {
        case .wrongCredentials, .wrongCode: .unprocessableContent
        case .wait: .tooManyRequests
        case .busy: .serviceUnavailable
        case .secondFactorLost: .conflict
        }
    }

    func addWait(to response: inout Response) {
        switch self {
        case .wait(let duration): response.headers[.retryAfter] = "\(max(1, duration.components.seconds))"
        case .busy: response.headers[.retryAfter] = "5"
        case .wrongCredentials, .wrongCode, .secondFactorLost: break
        }
    }
}

extension SingleSignOn.Refusal {
    fileprivate static let missingGroups =
        "You are in more groups than your identity provider sends, so your role could not be set from them. Contact your administrator."

    fileprivate var words: String {
        switch self {
        case .unknownProvider:
            "This identity provider no longer exists or is disabled. Sign in with a password, or choose another one."
        case .unknownState: "This sign-in took too long or began in another browser. Try again."
        case .noEmail:
            "The identity provider did not verify your e-mail address. Ask an owner of your organization to configure it to send email_verified, or to trust it for your domain."
        case .linkedToAnother:
            "The user with this e-mail address is linked to another identity. If that is you, ask an administrator to unlink it."
        case .awaitsConfirmation:
            "This e-mail address belongs to an administrator. Another administrator must confirm under Users that it is you. Until then, sign in with your password."
        case .roleAboveProvider(let role):
            "Users with the role \(role.label) cannot sign in with this identity provider. Sign in with your password, or ask an owner to save the provider again."
        case .superAdmin:
            "Super administrators sign in with their password and second factor, not through an identity provider."
        case .ambiguousRedirect:
            "Several identity providers use the same redirect address, and the response does not say which one it is from. Ask an owner to register the provider's own redirect address."
        case .pending: "Your account is pending approval."
        case .inactive: "This account cannot sign in. Ask an administrator."
        case .foreignAddress: "This e-mail address belongs to a user of another organization."
        case .refused(let code):
            "The identity provider refused the sign-in (\(code)). Try again, or sign in with a password."
        case .wait(let time): PasswordSignIn.Refusal.wait(time).words
        case .provider(let error): "\(error) Sign in with a password, or try again later."
        }
    }

    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .unknownProvider: .notFound
        case .unknownState, .noEmail, .refused, .ambiguousRedirect: .badRequest
        case .pending, .inactive, .foreignAddress, .linkedToAnother, .awaitsConfirmation, .roleAboveProvider,
            .superAdmin:
            .forbidden
        case .wait: .tooManyRequests
        case .provider: .badGateway
        }
    }
}
