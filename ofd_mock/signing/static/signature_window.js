"use strict";
// The window of kz-ofd §16.7 for any page: type of store, path, password, «Подписать»; leaves Base64 text.
//
//   const signature = await askForSignature({data, title, address, language, use, attached});
//
// data: Base64 of what is signed. title: "auth" («Авторизация») or "sign". address: of the signing service.
// use: "SIGN", "AUTH" or "ALL". Gives Base64 of the CMS, null when the person cancelled.
(() => {
  const APPLET = "kz.gov.pki.knca.applet.Applet", BASICS = "kz.gov.pki.knca.basics";
  const WORDS = {
    ru: {
      auth: "Авторизация", sign: "Формирование подписи", storage: "Тип хранилища ключа*",
      choose: "-- Выберите тип --", computer: "Ваш компьютер", path: "Путь хранилища ключа*",
      password: "Пароль для хранилища*", go: "Подписать", cancel: "Отмена",
      WRONG_PASSWORD: "Неверный пароль хранилища",
      LOAD_KEYSTORE_ERROR: "Файл не найден или не является хранилищем ключей",
      EMPTY_KEY_LIST: "В хранилище нет подходящего ключа",
      away: "Служба подписи не отвечает. Запустите её и доверьте браузеру её сертификат.",
      other: "Не удалось подписать",
    },
    kk: {
      auth: "Авторизация", sign: "Қолтаңбаны қалыптастыру", storage: "Кілт қоймасының түрі*",
      choose: "-- Түрін таңдаңыз --", computer: "Сіздің компьютеріңіз", path: "Кілт қоймасының жолы*",
      password: "Қойманың құпиясөзі*", go: "Қол қою", cancel: "Бас тарту",
      WRONG_PASSWORD: "Қойма құпиясөзі қате",
      LOAD_KEYSTORE_ERROR: "Файл табылмады немесе кілттер қоймасы емес",
      EMPTY_KEY_LIST: "Қоймада лайықты кілт жоқ",
      away: "Қол қою қызметі жауап бермейді. Оны іске қосып, сертификатына сенім білдіріңіз.",
      other: "Қол қою мүмкін болмады",
    },
    en: {
      auth: "Authorisation", sign: "Making a signature", storage: "Type of key store*",
      choose: "-- Choose a type --", computer: "Your computer", path: "Path of key store*",
      password: "Password of the store*", go: "Sign", cancel: "Cancel",
      WRONG_PASSWORD: "The store's password is wrong",
      LOAD_KEYSTORE_ERROR: "The file is missing or is no key store",
      EMPTY_KEY_LIST: "The store holds no suitable key",
      away: "The signing service does not answer. Start it, and let the browser trust its certificate.",
      other: "Signing failed",
    },
  };
  const BARE = /-----[A-Z ]+-----|\s+/g;

  class Service {
    constructor(address) {
      this.waiting = [];
      this.opened = new Promise((resolve, reject) => {
        this.socket = new WebSocket(address);
        let greeted = false;
        this.socket.onmessage = (event) => {
          // The greeting is no answer to a request.
          if (!greeted) { greeted = true; resolve(); return; }
          const next = this.waiting.shift();
          if (next) next.resolve(JSON.parse(event.data));
        };
        this.socket.onerror = () => reject(new Error("away"));
        this.socket.onclose = () => {
          reject(new Error("away"));
          for (const each of this.waiting.splice(0)) each.reject(new Error("away"));
        };
      });
    }
    async ask(request) {
      await this.opened;
      return new Promise((resolve, reject) => {
        this.waiting.push({resolve, reject});
        this.socket.send(JSON.stringify(request));
      });
    }
    applet(method, ...args) { return this.ask({module: APPLET, method, args}); }
    close() { this.socket.close(); }
  }

  function field(form, label, input, id) {
    const text = document.createElement("label");
    text.htmlFor = input.id = id;
    text.textContent = label;
    form.append(text, input);
    return input;
  }

  function build(words, title) {
    const dialog = document.createElement("dialog"), form = document.createElement("form");
    dialog.className = "signature-window";
    const head = document.createElement("h2");
    head.id = "signature-title";
    head.textContent = words[title];
    dialog.setAttribute("aria-labelledby", head.id);
    form.append(head);
    form.autocomplete = "off";
    const storage = field(form, words.storage, document.createElement("select"), "signature-storage");
    storage.append(new Option(words.choose, ""), new Option(words.computer, "PKCS12"));
    storage.required = true;
    const path = field(form, words.path, document.createElement("input"), "signature-path");
    path.readOnly = true;
    const password = field(form, words.password, document.createElement("input"), "signature-password");
    password.type = "password";
    password.autocomplete = "off";
    const error = document.createElement("p");
    error.setAttribute("role", "alert");
    error.className = "error";
    const go = document.createElement("button"), cancel = document.createElement("button");
    go.type = "submit";
    go.textContent = words.go;
    cancel.type = "button";
    cancel.textContent = words.cancel;
    form.append(error, go, cancel);
    dialog.append(form);
    document.body.append(dialog);
    return {dialog, form, storage, path, password, error, go, cancel};
  }

  async function byBasics(service, given) {
    const uses = given.use === "SIGN" ? ["1.3.6.1.5.5.7.3.4"] : given.use === "AUTH" ? ["1.3.6.1.5.5.7.3.2"] : [];
    const flags = {allowExpired: true, allowRevoked: true};  // the portal refuses them with its reason
    const answer = await service.ask({module: BASICS, method: "sign", args: {
      allowedStorages: ["PKCS12"], format: "cms", data: given.data, locale: given.language,
      signingParams: {decode: true, encapsulate: given.attached, digested: false, tsaProfile: null, ...flags},
      signerParams: {extKeyUsageOids: uses, chain: []},
    }});
    if (!answer.status) throw new Error(answer.message || "other");
    const result = answer.body.result;
    if (result === undefined) return null;
    return (Array.isArray(result) ? result[0] : result).replace(BARE, "");
  }

  window.askForSignature = (options) => new Promise((resolve) => {
    const given = {title: "sign", language: "ru", use: "SIGN", attached: true,
      address: "wss://127.0.0.1:13579/", ...options};
    const words = WORDS[given.language], parts = build(words, given.title);
    const service = new Service(given.address);
    service.opened.catch(() => say("away"));
    const say = (word) => { parts.error.textContent = words[word] || word; };
    const end = (value) => {
      service.close();
      parts.password.value = "";
      parts.dialog.close();
      parts.dialog.remove();
      resolve(value);
    };
    const busy = async (work) => {
      parts.go.disabled = true;
      say("");
      try { await work(); } catch (error) { say(error.message); } finally { parts.go.disabled = false; }
    };
    parts.storage.addEventListener("change", () => busy(async () => {
      parts.path.value = "";
      if (!parts.storage.value) return;
      const found = await service.applet("browseKeyStore", parts.storage.value, "P12", "");
      if (found.errorCode === "MODULE_NOT_FOUND") {
        // Without the applet dialect the service's own dialog asks for everything.
        const signature = await byBasics(service, given);
        if (signature === null) parts.storage.value = "";
        else end(signature);
        return;
      }
      parts.path.value = found.result;
      if (!found.result) parts.storage.value = "";
      else parts.password.focus();
    }));
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(async () => {
        const key = [parts.storage.value, parts.path.value];
        const listed = await service.applet("getKeys", ...key, parts.password.value, given.use);
        if (listed.errorCode !== "NONE") throw new Error(listed.errorCode in words ? listed.errorCode : "other");
        const alias = listed.result.split("\n")[0].split("|")[3];
        const made = await service.applet(
          "createCMSSignature", ...key, alias, parts.password.value, given.data, given.attached);
        if (made.errorCode !== "NONE") throw new Error(made.errorCode in words ? made.errorCode : "other");
        end(made.result);
      });
    });
    parts.cancel.addEventListener("click", () => end(null));
    parts.dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(null); });
    parts.dialog.showModal();
  });
})();
