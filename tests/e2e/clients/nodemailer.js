// Sends what a JSON object on standard input says: {"modules": folder, "transport": …, "mail": …}.
"use strict";

const fs = require("fs");
const path = require("path");

const job = JSON.parse(fs.readFileSync(0, "utf8"));
const nodemailer = require(path.join(job.modules, "nodemailer"));
const mail = job.raw ? { ...job.mail, raw: Buffer.from(job.raw, "base64") } : job.mail;

nodemailer.createTransport(job.transport).sendMail(mail).then(
  (info) => console.log(info.response),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
