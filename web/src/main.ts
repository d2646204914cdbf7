import './app.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { startAnewWhenOutdated } from './new-version.ts'

startAnewWhenOutdated()
const target = document.getElementById('app')
if (target) mount(App, { target })
